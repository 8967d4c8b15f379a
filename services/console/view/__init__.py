"""How it looks: texts, templates, the map, one alert in words."""

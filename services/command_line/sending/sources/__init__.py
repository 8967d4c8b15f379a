"""Real dispatch logs of cities as events of our agencies. Incidents are real; people are never
taken from them.
"""

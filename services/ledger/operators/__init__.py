"""Who works with the console: sessions, what people may do, looks behind the glass, and what they
saw."""

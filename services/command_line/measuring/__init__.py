"""How fast the whole stream is, measured under synthetic load."""

"""Incidents and crises: what the pure step needs to know, and what it decided."""

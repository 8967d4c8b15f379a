"""Spans of time, and England's working days."""

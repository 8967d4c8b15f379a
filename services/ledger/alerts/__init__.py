"""Alerts, the commands of desks, and how well alerting does."""

"""What each service exposes to Prometheus: its own metrics, each from its first value on."""

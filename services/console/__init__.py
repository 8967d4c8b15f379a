"""The control room's screen: the alerts of a desk, live, and their acknowledgement."""

"""What is new: the alerts of a desk as they change, on streams."""

"""What there is: a module a page."""

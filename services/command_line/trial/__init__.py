"""Rules read as sentences, and tried on scenarios and on what really happened."""

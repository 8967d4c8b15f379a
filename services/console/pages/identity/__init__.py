"""Whom an incident is about, decided by a person: the queue, the blind sample, what is compared."""

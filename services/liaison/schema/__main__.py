"""`python -m services.liaison.schema`."""

from services.liaison.schema import write

write()

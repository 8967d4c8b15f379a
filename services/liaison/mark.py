"""When something happened and which event says so."""

from schemas.received import Mark

__all__ = ["Mark"]

"""A request that is refused, with the key of the words that say why."""

from __future__ import annotations


class Refused(Exception):
    """The request is refused; `reason` is a key of services.console.view.text.TEXT, beside
    `<reason>_remedy`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Locked(Exception):
    """The session is locked: the page leads to the locked view of the desk."""

    def __init__(self, desk: str | None) -> None:
        super().__init__("locked")
        self.desk = desk

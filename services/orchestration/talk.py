"""Messages between desks as the ledger keeps them: what was said, and which desk has seen it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.liaison.alert.talk import DeskMessage, MessageView


class Talk(Protocol):
    """The thread of a crisis: what hangs on its alerts."""

    async def desk_messages(self, crisis: str) -> Sequence[DeskMessage]:
        """What desks said of the crisis, the oldest first."""

    async def message_views(self, crisis: str) -> Sequence[MessageView]:
        """Which desks have seen what was said of it."""

    async def desks_told(self, crisis: str) -> frozenset[str]:
        """Every desk that has an alert of the crisis, whether it stands or not."""

    async def keep_desk_message(self, message: DeskMessage) -> bool:
        """Keep it; False where one of this id is kept already."""

    async def keep_views(self, views: Sequence[MessageView]) -> Sequence[MessageView]:
        """Keep those that are a desk's first of a message, and give them."""

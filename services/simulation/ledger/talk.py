"""Messages between desks, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from services.liaison.alert.talk import DeskMessage, MessageView
from services.simulation.ledger.alerts import MemoryAlerts
from services.simulation.ledger.tables import Journal, Table


class MemoryTalk(MemoryAlerts):
    """Beside the alerts on which they hang."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.messages: Table[str, DeskMessage] = Table(journal)
        self.views: Table[tuple[str, str], MessageView] = Table(journal)

    async def desk_messages(self, crisis: str) -> Sequence[DeskMessage]:
        """What desks said of the crisis, the oldest first."""
        about = self._about.at(("crisis", crisis))
        thread = [message for message in self.messages.rows.values() if message.alert_id in about]
        return sorted(thread, key=lambda message: (message.sent_at, message.message_id))

    async def message_views(self, crisis: str) -> Sequence[MessageView]:
        """Which desks have seen what was said of it."""
        thread = {message.message_id for message in await self.desk_messages(crisis)}
        views = [view for view in self.views.rows.values() if view.message_id in thread]
        return sorted(views, key=lambda view: (view.seen_at, view.message_id, view.desk))

    async def desks_told(self, crisis: str) -> frozenset[str]:
        """Every desk that has an alert of the crisis, whether it stands or not."""
        alerts = self.alert_rows.some(self._about.at(("crisis", crisis))).values()
        return frozenset(part.desk for alert in alerts for part in alert.desks)

    async def keep_desk_message(self, message: DeskMessage) -> bool:
        """Keep it; False where one of this id is kept already."""
        if message.message_id in self.messages.rows:
            return False
        self.messages.put(message.message_id, message)
        return True

    async def keep_views(self, views: Sequence[MessageView]) -> Sequence[MessageView]:
        """Keep those that are a desk's first of a message, and give them."""
        first = [view for view in views if (view.message_id, view.desk) not in self.views.rows]
        for view in first:
            self.views.put((view.message_id, view.desk), view)
        return first

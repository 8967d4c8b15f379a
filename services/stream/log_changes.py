"""Whether the log under a cursor is still the one that was read."""

from __future__ import annotations

from services.ledger.events.logs import ChangeKind, Cursor, LogChange
from services.runtime.log_identity import LogIdentity

LOOKS_BEYOND = 2
"""Looks in a row that must find the end before the cursor: after an election a leader may for a
moment not know how far it was read.
"""


def change_of(
    cursor: Cursor, identity: LogIdentity, end: int, epoch_end: int | None, looks_beyond: int
) -> LogChange | None:
    """What became of the log. `epoch_end` is where it stops to be what the leader wrote under whom
    it was seen last; None: that leader still leads, or the broker does not say.
    """
    if identity.is_another(cursor.identity):
        return LogChange("recreated", cursor, 0, identity)
    if epoch_end is not None and epoch_end < cursor.next_offset:
        reached = cursor.next_offset if cursor.seen_offset is None else cursor.seen_offset
        kind: ChangeKind = "truncated" if epoch_end < reached else "elected"
        return LogChange(kind, cursor, epoch_end, identity)
    if end < cursor.next_offset and looks_beyond >= LOOKS_BEYOND:
        return LogChange("shorter", cursor, 0, identity)
    return None


def epoch_to_ask_for(cursor: Cursor, identity: LogIdentity) -> int | None:
    """The epoch under which the log was seen last, where another leader leads it now."""
    led_by = cursor.identity.leader_epoch
    if led_by is None or identity.leader_epoch is None or identity.is_another(cursor.identity):
        return None
    if led_by == identity.leader_epoch:
        return None
    return led_by

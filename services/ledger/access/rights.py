"""What each service does in the ledger, and so may: everything else is refused by PostgreSQL itself,
whatever became of the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from services.runtime.exposition.registries import SERVICES, ServiceName

RoleName = ServiceName | Literal["commands"]
"""Each service; `commands` is whoever runs `liaison feeds`, `parked`, `quarantine`, `grants`, `audit`."""
ROLE_NAMES: tuple[RoleName, ...] = (*SERVICES, "commands")
Privilege = Literal["SELECT", "INSERT", "UPDATE", "DELETE", "USAGE"]
ROLE_BEGIN = "liaison_"
# Of the table nothing else is read or changed.
Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One privilege of one role, on a table or sequence of the ledger."""

    role: str
    relation: str
    privilege: Privilege
    column: str = ""
    """Empty: all of the table."""

    def __str__(self) -> str:
        place = f" ({self.column})" if self.column else ""
        return f"{self.role}: {self.privilege.lower()} {self.relation}{place}"


Need = tuple[Privilege | tuple[Privilege, Columns], ...]
"""Privileges on one relation; those with columns are for these columns alone."""
Needs = Mapping[str, Need]

READ: Need = ("SELECT",)
ADD: Need = ("SELECT", "INSERT")
KEEP: Need = ("SELECT", "INSERT", "UPDATE")
REPLACE: Need = ("SELECT", "INSERT", "DELETE")
ALL: Need = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Without a look at what is there.
TELL: Need = ("INSERT",)

# The ledger itself chains an audit record, and nobody alters one. Who writes it is told its number,
# and nothing that others wrote.
_AUDITED: Needs = {"audit": ("INSERT", ("SELECT", ("audit_id",)))}
# A message on its way out; whether it is there already is asked by its id alone.
_TELLING: Needs = {"outbox": ("INSERT", ("SELECT", ("message_id",))), "outbox_place": ("USAGE",)}
# One writer a zone: the row is locked, which PostgreSQL counts as changing it.
_IN_ZONE: Needs = {"zone": KEEP}

_SETTLING: Needs = {
    **_IN_ZONE,
    **_TELLING,
    **_AUDITED,
    "event": READ,
    "local_record": KEEP,
    "identity_key": REPLACE,
    "value_frequency": KEEP,
    "identity_decision": KEEP,
    "identity_review": KEEP,
    "record_link": KEEP,
    "link_decision": KEEP,
    "subject_link": KEEP,
    "crisis": KEEP,
    "incident": KEEP,
    "subject": ALL,
    "place_day": KEEP,
    "crisis_tally": ALL,
    "parked_crisis": ALL,
    "deadline": ALL,
    "alert": KEEP,
    "alert_desk": KEEP,
    "alert_sequence": ("SELECT", "UPDATE"),
    "alert_log": ADD,
    "disclosure": ADD,
    "feed_state": KEEP,
    "rejection": READ,
}
"""A crisis looked at anew: by an event, a deadline, or what somebody at a desk decided."""

_INTAKE: Needs = {
    # what a correction is about is known when that has come: no word of what was said changes
    "event": (*ADD, ("UPDATE", ("incident", "record_agency", "local_people"))),
    "rejection": ADD,
    "kafka_cursor": KEEP,
    "kafka_cursor_skip": ADD,
    "kafka_log_change": ADD,
    "kafka_accepted_loss": READ,
}

RIGHTS: Mapping[RoleName, Needs] = {
    "stream": {
        **_SETTLING,
        **_INTAKE,
        "shadow_run": KEEP,
        "shadow_alert": KEEP,
        "shadow_deadline": REPLACE,
    },
    "relay": {
        **_IN_ZONE,
        "outbox": ("SELECT", ("UPDATE", ("published_at", "attempts"))),
        "alert_desk": ("SELECT", ("UPDATE", ("state", "delivered_at"))),
        "alert_sequence": ("SELECT", "UPDATE"),
        "alert_log": TELL,
    },
    "console": {
        **_SETTLING,
        "audit": ADD,
        "auditor": READ,
        "operator": KEEP,
        "operator_grant": KEEP,
        "operator_session": KEEP,
        "logout_token_seen": ADD,
        "break_glass": KEEP,
        "alert_feedback": KEEP,
        "blind_judgement": ADD,
        "desk_message": ADD,
        "desk_message_view": ADD,
    },
    "auditor": {
        **_TELLING,
        "alert": READ,
        "alert_desk": READ,
        "alert_log": READ,
        "deadline": READ,
        "parked_crisis": READ,
        "feed_state": READ,
        "auditor": KEEP,
        "audit": ADD,
        "audit_head": READ,
    },
    "trace": {"event": READ, "trace_request": KEEP, "trace_place": KEEP},
    # what it takes stands in the topic before it answers: it has no business in the ledger
    "gateway": {},
    "commands": {
        **_SETTLING,
        **_INTAKE,
        "rejection": KEEP,
        "kafka_accepted_loss": ADD,
        "operator": READ,
        "operator_grant": KEEP,
        "blind_judgement": READ,
        "shadow_run": READ,
        "shadow_alert": READ,
        "audit": ADD,
        "audit_head": READ,
    },
}
MIGRATIONS = "schema_migration"


def role_of(name: RoleName) -> str:
    """As PostgreSQL knows it."""
    return ROLE_BEGIN + name


def rights() -> frozenset[Right]:
    """All that the roles may."""
    return frozenset(_rights())


def _rights() -> Iterator[Right]:
    for name, needs in RIGHTS.items():
        role = role_of(name)
        if needs:
            # readiness: whether the ledger is at this software's migrations
            yield Right(role, MIGRATIONS, "SELECT")
        for relation, need in needs.items():
            for privilege in need:
                if isinstance(privilege, tuple):
                    limited, columns = privilege
                    for column in columns:
                        yield Right(role, relation, limited, column)
                else:
                    yield Right(role, relation, privilege)

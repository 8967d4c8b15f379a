"""The life of an alert, desk by desk (after ISA-18.2): states, records, what rules, people and time
do to it.

Pure: the time is an argument, every transition is a value that a shell writes as an immutable
record. `states` holds the table of transitions, `record` what is recorded, `life` what the rules
do, `commands` what people do and `refusals` why not, `passing` what time does, `thread` what one
desk has of one crisis.
"""

from services.liaison.alert.commands import (
    Accept,
    Acknowledge,
    Claim,
    Command,
    Decline,
    HandOver,
    Note,
    NotOurs,
    Shelve,
    TakeOver,
    Terms,
    Unshelve,
    answer,
)
from services.liaison.alert.life import clear, detail_of, raise_alert, update
from services.liaison.alert.passing import alert_due, pass_time
from services.liaison.alert.record import (
    Addressed,
    Alert,
    AlertChange,
    DeskAlert,
    Disclosed,
    Ladder,
    Rung,
    Transition,
    alert_id,
)
from services.liaison.alert.refusals import (
    AlreadyAcknowledged,
    AlreadyAnswered,
    AlreadyClaimed,
    CommandRefused,
    First,
    NotPossible,
    NotShelvable,
    ReasonNeeded,
    TooEarly,
    UnknownAlert,
)
from services.liaison.alert.states import State, TransitionKind, TransitionNotAllowed
from services.liaison.alert.thread import Thread, inhibit, threads

__all__ = [
    "Accept",
    "Acknowledge",
    "Addressed",
    "Alert",
    "AlertChange",
    "AlreadyAcknowledged",
    "AlreadyAnswered",
    "AlreadyClaimed",
    "Claim",
    "Command",
    "CommandRefused",
    "Decline",
    "DeskAlert",
    "Disclosed",
    "First",
    "HandOver",
    "Ladder",
    "NotOurs",
    "NotPossible",
    "NotShelvable",
    "Note",
    "ReasonNeeded",
    "Rung",
    "Shelve",
    "State",
    "TakeOver",
    "Terms",
    "Thread",
    "TooEarly",
    "Transition",
    "TransitionKind",
    "TransitionNotAllowed",
    "UnknownAlert",
    "Unshelve",
    "alert_due",
    "alert_id",
    "answer",
    "clear",
    "detail_of",
    "inhibit",
    "pass_time",
    "raise_alert",
    "threads",
    "update",
]

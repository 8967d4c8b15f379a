"""The minimum-disclosure matrix: which item each kind of recipient may be told, and when. Default
deny.

It is the table of the project's domain reference (§5.1), with what §7 gives a rule's recipients; an
assumption of this project to be confirmed by each deployer's data-protection impact assessment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast, get_args

from services.liaison.catalogue import Purpose
from services.liaison.disclosure.words import Item
from services.liaison.finding import DeskRole

ITEMS: tuple[Item, ...] = get_args(Item)

# Recipients that are told the same: the columns of the matrix, and those that it does not have,
# which get less.
Column = Literal[
    "police",
    "police-supervision",
    "ambulance",
    "mental-health",
    "amhp",
    "custody",
    "emergency-department",
    "standards",
    "families",
    "coordination",
    "records",
    "management",
    "overview",
]

COLUMNS: tuple[Column, ...] = get_args(Column)

COLUMN_OF: Mapping[DeskRole, Column] = {
    "police-control": "police",
    "police-supervisor": "police-supervision",
    "ambulance-control": "ambulance",
    "ambulance-supervisor": "ambulance",
    "mental-health-crisis": "mental-health",
    "mental-health-supervisor": "mental-health",
    "amhp": "amhp",
    "amhp-supervisor": "amhp",
    "custody": "custody",
    "emergency-department": "emergency-department",
    "emergency-department-supervisor": "emergency-department",
    "professional-standards": "standards",
    "family-liaison": "families",
    "frequent-contact": "coordination",
    "record-keeping": "records",
    "tactical-manager": "management",
    "strategic-on-call": "management",
    "mental-health-board": "overview",
    "operations": "overview",
    "operations-supervisor": "overview",
}

# attending: the recipient's own service is at or on its way to this crisis, or the person comes
# to it. needed: the rule is about reaching the family. to-respond: somebody has to be reached for
# the person's sake: the rule is for an emergency, safeguarding or the family.
Condition = Literal["always", "attending", "needed", "to-respond"]

# Whether an alert of a rule for this purpose may make a desk ring whoever called.
RESPONDS: Mapping[Purpose, bool] = {
    "emergency-response": True,
    "safeguarding": True,
    "family-contact": True,
    "direct-care": False,
    "statutory-duty": False,
    "accountability": False,
    "equality-monitoring": False,
    "system-integrity": False,
}

# The least urgent alert on which somebody acts within minutes: there, what nobody has stated is
# said aloud.
ACTED_ON_AT_ONCE = 2

_ALL_AT_WORK: dict[Column, Condition] = {
    "police": "always",
    "police-supervision": "always",
    "ambulance": "always",
    "mental-health": "always",
    "amhp": "always",
    "custody": "always",
    "emergency-department": "always",
}
_EVERYBODY: dict[Column, Condition] = _ALL_AT_WORK | {
    "standards": "always",
    "families": "always",
    "coordination": "always",
    "records": "always",
    "management": "always",
    "overview": "always",
}

# Item by recipient and when. What is not in it is denied.
TABLE: Mapping[Item, Mapping[Column, Condition]] = {
    "circumstances": _EVERYBODY,
    "incidents": {column: "always" for column in _EVERYBODY if column != "overview"},
    "location": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "attending",
        "amhp": "attending",
        "standards": "always",
    },
    # Whom it warns is whom the place would be told, and nobody else learns of it.
    "restriction": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "attending",
        "amhp": "attending",
    },
    # "Who is on scene" (R01), "who remains" (R19), "units held" (R11).
    "units": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "always",
        "emergency-department": "always",
    },
    "police-reason": {"police": "always", "police-supervision": "always", "ambulance": "always"},
    # Age and sex, without the date of birth: "age" (R01), "age basis" (R06), "description" (R12).
    "description": _ALL_AT_WORK | {"standards": "always"},
    # Physical signs are clinical facts; the AMHP has none of them.
    "signs": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "always",
        "custody": "always",
        "emergency-department": "always",
    },
    "call-back": {
        "police": "to-respond",
        "police-supervision": "to-respond",
        "ambulance": "to-respond",
        "mental-health": "to-respond",
        "families": "to-respond",
    },
    "identity-certainty": {
        column: "always" for column in _EVERYBODY if column not in {"records", "overview"}
    },
    "known-to-services": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "amhp": "always",
        "custody": "always",
        "emergency-department": "always",
        "coordination": "always",
    },
    "crisis-plan": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "always",
        "amhp": "always",
        "emergency-department": "always",
    },
    "crisis-plan-pointer": {
        "ambulance": "always",
        "mental-health": "always",
        "amhp": "always",
        "emergency-department": "always",
    },
    # A manager is rung because a desk has not answered: what the danger is and by what power somebody
    # is held is why.
    "risk-to-self": _ALL_AT_WORK | {"standards": "always", "management": "always"},
    "risk-to-responders": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "attending",
        "amhp": "attending",
        "custody": "always",
        "emergency-department": "attending",
        "standards": "always",
    },
    "legal-status": _ALL_AT_WORK
    | {"standards": "always", "families": "always", "management": "always"},
    "force-log": {
        "police": "always",
        "police-supervision": "always",
        "custody": "always",
        "emergency-department": "always",
        "standards": "always",
    },
    # Duration, position and signs: who has the whole log has these too.
    "force-clinical": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "always",
        "custody": "always",
        "emergency-department": "always",
        "standards": "always",
        "management": "always",
    },
    "family-contact": {
        "police": "needed",
        "police-supervision": "needed",
        "ambulance": "needed",
        "mental-health": "always",
        "amhp": "always",
        "custody": "needed",
        "emergency-department": "always",
        "standards": "needed",
        "families": "always",
        "management": "needed",
    },
}

# The same by recipient, in the order of the items.
ROWS_OF: Mapping[Column, tuple[tuple[Item, Condition], ...]] = {
    column: tuple((item, TABLE[item][column]) for item in ITEMS if column in TABLE[item])
    for column in COLUMNS
}

# Which items a desk of each role may see at all, where the conditions are met.
MATRIX: Mapping[DeskRole, frozenset[str]] = {
    role: frozenset(item for item, row in TABLE.items() if column in row)
    for role, column in COLUMN_OF.items()
}


def column_of(role: str) -> Column | None:
    """The column of a desk's role; None for a role that nobody thought of, which is denied
    everything.
    """
    return COLUMN_OF.get(cast(DeskRole, role))

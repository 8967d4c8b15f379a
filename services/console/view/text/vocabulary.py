"""Words for the members of closed vocabularies: a table each, total, so that no code is on a
screen."""

from __future__ import annotations

from typing import Final

URGENCY: Final[dict[int, str]] = {1: "Critical", 2: "High", 3: "Medium", 4: "Low", 5: "Advice"}

SHAPES: Final[dict[int, str]] = {1: "▲", 2: "◆", 3: "■", 4: "●", 5: "○"}

TRANSITIONS: Final[dict[str, str]] = {
    "raised": "Raised",
    "worsened": "Made more urgent",
    "annotated": "Added to",
    "delivered": "Delivered to the desk",
    "sounded-again": "Sounded again",
    "escalated": "Escalated",
    "disputed": "Disputed: both supervisors told",
    "inhibited": "Quiet while a more urgent one stands",
    "released": "No longer quiet",
    "acknowledged": "Acknowledged",
    "claimed": "Claimed",
    "taken-over": "Taken over",
    "handed-over": "Handed over",
    "accepted": "Accepted",
    "declined": "Declined",
    "not-ours": "Not ours",
    "noted": "Note",
    "message-waits": "A message from another desk waits on the page of the crisis",
    "shelved": "Shelved",
    "unshelved": "Back from the shelf",
    "returned": "Ended, not acknowledged",
    "cleared": "Ended, no outcome yet",
    "closed": "Closed",
}

STATES: Final[dict[str, str]] = {
    "raised": "Waiting for acknowledgement",
    "delivered": "Waiting for acknowledgement",
    "acknowledged": "Acknowledged, no answer yet",
    "claimed": "Claimed",
    "answered": "Answered",
    "shelved": "On the shelf",
    "returned": "Ended, not acknowledged",
    "cleared": "Ended, no outcome yet",
    "closed": "Closed",
}

OUTCOMES: Final[dict[str, str]] = {
    "accepted": "Accepted",
    "declined": "Declined",
    "not-ours": "Not ours",
}

FEED_TROUBLES: Final[dict[str, str]] = {
    "late": "heard, but late",
    "backlog": "heard, but more than five minutes late",
    "clock": "heard, but its clock is wrong",
    "rejected": "heard, but much of it cannot be read",
}

REASONS: Final[dict[str, str]] = {
    "already-attending": "Already attending",
    "no-resource": "No resource",
    "below-threshold": "Below our threshold",
    "known-and-managed": "Known and managed",
    "duplicate": "Duplicate",
    "out-of-area": "Out of our area",
    "other": "Other (say which in the note)",
}

ROLE_NAMES: Final[dict[str, str]] = {
    "operator": "Operator",
    "supervisor": "Supervisor",
    "reviewer": "Identity reviewer",
    "governance": "Governance",
    "privacy-officer": "Privacy officer",
}

BASES: Final[dict[str, str]] = {
    "legal": "law",
    "standard": "national standard",
    "assumption": "this system's setting",
}

CERTAINTIES: Final[dict[str, str]] = {
    "verified": "read in its own text",
    "secondary": "known from others who quote it",
    "from-memory": "to be checked",
    "assumption": "an assumption of this system, to be tuned",
}

DESK_ROLES: Final[dict[str, str]] = {
    "police-control": "Police control",
    "police-supervisor": "Police supervisor",
    "ambulance-control": "Ambulance mental health desk",
    "mental-health-crisis": "Trust's crisis line",
    "amhp": "Approved mental health professionals",
    "custody": "Custody",
    "emergency-department": "Emergency department",
    "professional-standards": "Professional standards",
    "family-liaison": "Family liaison",
    "frequent-contact": "Frequent contact lead",
    "record-keeping": "Record keeping",
    "mental-health-board": "Mental health board",
    "operations": "Operations",
    "ambulance-supervisor": "Ambulance supervisor",
    "mental-health-supervisor": "Trust's supervisor",
    "amhp-supervisor": "Approved mental health professionals' supervisor",
    "emergency-department-supervisor": "Emergency department's supervisor",
    "operations-supervisor": "Operations supervisor",
    "tactical-manager": "Tactical manager",
    "strategic-on-call": "Strategic on call",
}

OPEN_BECAUSE: Final[dict[str, str]] = {
    "not-enough-weight": "The evidence is too little to be sure",
    "several-fit": "Several on file fit",
    "family-guard": "The given name does not speak for it: it may be a relative or a twin",
    "nhs-number-contradicts": "The NHS numbers contradict each other",
    "number-not-confirmed": "The NHS number agrees, and neither name nor date of birth confirms it",
    "one-group-of-evidence": "Only one kind of evidence",
    "half-a-name": "One of the two names does not speak for it, and little else does",
    "birth-differs": "The dates of birth differ",
    "deceased": "The one who fits is recorded as died",
    "separated-by-a-person": "A person has decided that this is somebody else",
    "incidents-disagree": "Incidents of one crisis point to different people",
}

FIELDS: Final[dict[str, str]] = {
    "given": "Given name",
    "family": "Family name",
    "name_pair": "Both names together",
    "name_order": "Order of the names",
    "aliases": "Choice of names",
    "birth": "Date of birth",
    "postcode": "Postcode",
    "address": "Address",
    "phone": "Telephone",
    "nhs_number": "NHS number",
    "identifier": "Agency's own number",
    "sex": "Sex",
}

LEVELS: Final[dict[str, str]] = {
    "exact": "the same",
    "nickname": "a short form",
    "part": "part of it",
    "edit": "a slip of the pen",
    "skeleton": "same consonants",
    "phonetic": "sounds alike",
    "near": "alike",
    "initial": "same initial",
    "differs": "differs",
    "absent": "not stated",
    "swapped": "day and month turned",
    "digit": "one digit differs",
    "parts": "two of three parts",
    "year": "same year",
    "age-2": "age within 2 years",
    "age-5": "age within 5 years",
    "age-9": "age within 9 years",
    "sector": "same sector",
    "outward": "same district",
    "typo": "a slip of the pen",
    "same-years": "differs, within 12 years",
    "common": "many are called so",
    "turned": "turned",
}

# Of the Mental Health Act 1983, by the code of UK Core.
LEGAL_STATUSES: Final[dict[str, str]] = {
    "01": "Informal",
    "02": "Section 2",
    "03": "Section 3",
    "04": "Section 4",
    "05": "Section 5(2)",
    "06": "Section 5(4)",
    "07": "Section 35",
    "08": "Section 36",
    "09": "Section 37, restricted by section 41",
    "10": "Section 37",
    "19": "Section 135",
    "20": "Section 136",
    "35": "Guardianship, section 7",
    "36": "Guardianship, section 37",
    "98": "Not applicable",
    "99": "Not known",
}

SEXES: Final[dict[str, str]] = {
    "female": "female",
    "male": "male",
    "other": "other",
    "unknown": "not known",
}

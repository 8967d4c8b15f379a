"""The whole crisis, its chronology, and which incidents are one crisis."""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "timeline": "What happened, and when it was known here",
    "crisis_alerts": "Alerts of this desk",
    "as_known": "As known at {when}.",
    "not_renewed": "Without scripts this page does not renew itself.",
    "clocks": "Running clocks",
    "clocks_none": "No limit runs of which this desk may know.",
    "limit": "Limit",
    "since": "Since",
    "ends_at": "Ends",
    "basis": "Basis",
    "alert_column": "Alert",
    "alert_at": "if nothing is recorded by {when}",
    "alert_stands": "stands",
    "alert_elsewhere": "stands at another desk",
    "clock_unsure": "A feed that would say so is silent: it may have been done.",
    "person": "Who it is about",
    "certainty_attached": "Identified: the register's person is attached to this crisis.",
    "certainty_possible": (
        "Not sure: somebody on file is possible, nobody is attached. Treat as unknown."
    ),
    "certainty_unknown": "Not known who it is.",
    "next_question": "To ask next, because it would decide it: {question}",
    "person_denied": "Name and date of birth are not disclosed to this desk.",
    "person_on_scene": (
        "Name and date of birth are disclosed to this desk only while a police unit is on scene."
    ),
    "on_file": "On file",
    "described_by": "As described by",
    "described_nothing": "No agency has described the person to this desk.",
    "source": "Source",
    "names": "Names",
    "born": "Born",
    "looks": "looks {n}",
    "sex": "Sex",
    "died": "Recorded as died on {when}.",
    "not_stated": "not stated",
    "care": "What care and law have in place",
    "care_none": "Nothing that this desk may see.",
    "own_pathways": "Your own record of care",
    "pathway": "Pathway",
    "team": "Team",
    "legal_status": "Legal status",
    "coordinator": "Coordinator",
    "leave_until": "On leave until",
    "discharge": "Discharge planned",
    "where_map": "Where it is",
    "map_title": (
        "Map of the zone with numbered marks; the list of incidents says the same in words."
    ),
    "map_none": "No place with coordinates was disclosed to this desk.",
    "area": "Area",
    "opened": "Opened",
    "closed": "Closed",
    "open": "open",
    "number": "No.",
    "opens_record": "opens in the agency's own system",
    "incidents_none": "No incident was disclosed to this desk.",
    "incidents_withheld": "Incidents of other agencies that were not disclosed to this desk: {n}.",
    "not_all": (
        "So many incidents are at this place that further ones are no longer added: look at "
        "the others there too."
    ),
    "nothing_left": "Nothing of this crisis is left in the ledger but its alerts.",
    "occurred": "Happened",
    "known_here": "Known here",
    "agency": "Agency",
    "reference": "Reference",
    "chronology": "Chronology of a crisis",
    "chronology_pdf": "Chronology as PDF",
    "chronology_for": "Made for {desk}, by {who}, {when}, London time.",
    "audit_reference": "This view is kept in the audit: reference {n}.",
    "withheld": (
        "Events of other agencies that were not disclosed to this desk and are left out: {n}."
    ),
    "unknown_crisis": "This desk has no alert of such a crisis.",
    "unknown_crisis_remedy": "Go back to the desk's alerts.",
    "incidents_title": "Which incidents and people are one crisis",
    "of_subject": "{incident}, person {subject}",
    "incidents_back": "Back to the crisis",
    "incidents_link": "Not one crisis, or one more of it?",
    "apart_hint": (
        "It is another crisis than the rest. It leaves, and joins them no more by itself."
    ),
    "apart_alone": "The only incident of this crisis that this desk may see.",
    "together_title": "One more incident of this crisis",
    "together_hint": "The two, and all that is known of each, are then one crisis.",
    "move_title": "Move to another crisis",
    "move_hint": "It leaves this crisis and is of the one that the incident below is in.",
    "which_if_several": "Which person, if the log is about several (their reference)",
    "subject_not_described": "Nothing that this desk may see says who it is.",
    "preview_take-out": "{who} leaves this crisis.",
    "preview_move": "{who} leaves this crisis and is of that of {target}.",
    "preview_join": "{who} becomes an incident of this crisis.",
    "preview_together": "Incidents that are one crisis then: {n}",
    "preview_alerts_here": "In the crisis that it is in then",
    "preview_alerts_elsewhere": "In the crisis that it leaves",
}

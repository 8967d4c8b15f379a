"""Supervision and governance: load, promptness, rules, rates, feeds and what was rejected."""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "supervision_title": "Supervision",
    "over": "Over the last",
    "stretch_12h": "12 hours",
    "stretch_24h": "24 hours",
    "stretch_7d": "7 days",
    "load_title": "Load of the desks",
    "load_hint": (
        "New alarms at one position: at most 1 in 10 minutes on average is the target, 2 can "
        "be managed, more than 10 are a flood (figures commonly cited from EEMUA 191). An "
        "average hides floods: look at the most in 10 minutes."
    ),
    "load_presented": "New alarms",
    "load_average": "In 10 minutes, on average",
    "load_peak": "Most in 10 minutes",
    "load_flood": "Time in flood",
    "load_standing": "Standing over 24 h",
    "load_chart": "By hour",
    "load_chart_of": (
        "{desk}: new alarms in each hour, oldest first: {hours}. The line is at {target}."
    ),
    "load_over": "over",
    "load_within": "within",
    "waiting_title": "Unanswered now",
    "waiting_capped": "The first {n} are shown.",
    "waiting_title_none": "Nothing is unanswered at these desks.",
    "waiting_overdue": "overdue",
    "waiting_escalated": "came up {n}",
    "prompt_title": "Time to acknowledge",
    "prompt_none": "Nothing was raised in this time.",
    "prompt_urgency": "Urgency",
    "prompt_count": "Acknowledged",
    "prompt_median": "Half within",
    "prompt_p90": "Nine in ten within",
    "prompt_within": "Within the limit",
    "prompt_never": "Never acknowledged",
    "rules_title": "Rules that give the most alarms",
    "rules_none": "No rule gave an alarm in this time.",
    "rule": "Rule",
    "share": "Share",
    "useful": "Said useful",
    "not_useful": "Said not useful",
    "governance_title": "Governance figures",
    "governance_hint": "Figures only: no crisis and no person is shown here.",
    "last_30_days": "Over the last 30 days.",
    "r27_title": "Disproportionality",
    "r27_hint": (
        "Crises that began from {since} to {until}, by ethnic group, to the nearest five. "
        "The ratio is a group's rate against everybody else's whose group is known, with its "
        "control limits. Small numbers are not shown."
    ),
    "r27_group": "Group",
    "r27_count": "In so many",
    "r27_of": "Of so many",
    "r27_ratio": "Ratio (limits)",
    "r27_chart": (
        "{measure}: each group's rate against everybody else's as a point between its control limits; "
        "a triangle is outside them. The table has the numbers."
    ),
    "r27_few": (
        "Too few to show: it happened to fewer than {cell} people of the group, and a smaller number "
        "could tell who they are; where only one group is hidden, the next smallest is too. Too few to "
        "compare: the group, or everybody else, had fewer than {crises} crises."
    ),
    "r27_hidden": "too few to show",
    "r27_not_compared": "too few to compare",
    "r27_outside": "outside the limits",
    "feeds_title": "Feeds",
    "feed": "Feed",
    "feed_state": "State",
    "feed_never": "never heard",
    "feed_well": "heard",
    "feed_heard_at": "Last heard",
    "rejected_title": "Rejected events of this agency",
    "rejected_none": "Nothing of this agency was rejected.",
    "rejected_all": "Rejected events of each agency",
    "rejected_all_none": "Nothing was rejected.",
    "rejected_code": "Fault",
    "rejected_where": "Where",
    "rejected_remedy": "Remedy",
    "rejected_count": "How many",
    "rejected_last": "Last",
}

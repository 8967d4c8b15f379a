"""R21: a doctor, nurse, AMHP, occupational therapist or paramedic is consulted before s136 is used,
if practicable.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.codes import DetentionPower
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.same_detention import restarted_from
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import FOREVER, held_for, spans


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Detained under s136 and no consultation recorded, nor why it was not practicable; until a
    place of safety has the person."""
    for detention in crisis.detentions:
        if (
            detention.power is not DetentionPower.SECTION_136
            or restarted_from(crisis, detention) is not None
        ):
            continue
        began = detention.detained
        # s136(1C) asks for a consultation unless it is not practicable: then the reason is owed
        recorded = [
            consultation.mark.at
            for consultation in detention.consultations
            if consultation.practicable or consultation.reason_given
        ]
        over = min(_in_place(detention), *recorded, detention.over)
        unexplained = len(recorded) < len(detention.consultations)
        for stretch in held_for(spans([(began.at, over)]), RULE.limit(policy, "recorded_within")):
            why = "No consultation is recorded, nor that it was not practicable."
            if unexplained:
                why = "A consultation was not practicable, and no reason is recorded."
            yield RULE.finds(
                policy,
                anchor=began.event,
                holds=stretch,
                act_by=stretch[0],
                reason=f"Detained under s136 at {clock(began.at)}. {why}",
                evidence=(
                    Evidence(f"Detained under s136 at {clock(began.at)}", began.at, began.event),
                ),
                relies_on=(detention.agency,),
            )


def _in_place(detention: Detention) -> datetime:
    """Arrival; for a person kept where they already were, when health took over or the assessment
    began.
    """
    marks: tuple[Mark | None, ...] = (detention.clock_started,)
    if detention.kept_at is not None:
        marks = (detention.handed_over, detention.assessment_started)
    return min((mark.at for mark in marks if mark is not None), default=FOREVER)


RULE = rule(__name__, condition)

"""Who is it: the queue, the comparison, the search, the blind sample, and the records of one
person."""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "review_title": "Who is it?",
    "review_hint": (
        "Incidents about which the matcher is not sure. Nobody is attached until a person decides."
    ),
    "review_none": "Nobody waits: every incident is decided, or nobody on file is possible.",
    "review_count": "{n} incidents wait. Page {page} of {pages}.",
    "review_pages": "Pages of the queue",
    "review_open": "Compare",
    "review_open_of": "Compare: {agency} {incident}",
    "review_urgency": "Crisis",
    "review_no_alert": "no alert stands",
    "review_incident": "Incident",
    "review_waiting_since": "Waiting since",
    "review_why": "Why it is open",
    "review_candidates": "On file",
    "review_back": "Back to the queue",
    "review_said": "Said of the incident",
    "review_candidate": "On file {n}",
    "review_field": "Field",
    "review_written": "What is written",
    "review_weighs": "What it weighs, in bits",
    "review_weight": "Weight",
    "review_bits": "{bits} bits",
    "review_anybody": "Anybody on file",
    "review_total": "Together",
    "review_bits_hint": (
        "Each bit says twice as likely. From {attach} bits, with the second {margin} behind, "
        "a person is attached by itself; from {possible} a person is asked."
    ),
    "review_veto": "Never attached by itself: {why}.",
    "review_died": "Recorded as died.",
    "review_left_out": "Less likely ones on file that are not shown: {n}.",
    "review_nobody": "Nobody on file shares enough with what is said now.",
    "review_undescribed": "No agency describes the person of this incident any more.",
    "review_attached": "Attached now: on file {n}.",
    "review_attached_other": "Attached now to a person who is not shown here.",
    "review_unknown": "Nobody is attached, and nobody is thought possible.",
    "review_possible": "Nobody is attached: it waits for a decision.",
    "review_decide": "Decide about on file {n}",
    "verdict_same": "Same person",
    "verdict_different": "Somebody else",
    "verdict_cannot-tell": "Cannot tell",
    "verdict_wrong": "Choose: same person, somebody else, or cannot tell.",
    "review_reason_hint": (
        "How you know, e.g. rang the trust. No names. It is kept with the decision."
    ),
    "review_history": "Decided by people",
    "review_history_none": "Nobody has decided anything about this incident.",
    "review_undone": "undone by {who} {when}",
    "search_link": "Look for somebody else on file",
    "search_title": "Look for somebody on file",
    "search_back": "Back to the comparison",
    "search_hint": (
        "Write what you know: a name, and what else there is. Other spellings and short "
        "forms are found too. Whom you are shown is kept in the audit; what you write is not."
    ),
    "search_given": "Given name",
    "search_family": "Family name",
    "search_born": "Date of birth",
    "search_postcode": "Postcode of the home",
    "search_nhs_number": "NHS number",
    "search_go": "Look",
    "search_written": "Written above",
    "search_found": "On file, the likeliest first",
    "search_left_out": "Less likely ones that are not shown: {n}. Write more of what you know.",
    "search_nobody": (
        "Nobody on file shares enough with this. Try another spelling, or add the date of "
        "birth or the postcode."
    ),
    "search_too_little": (
        "Write at least a name with a date of birth or a postcode, both names, or the NHS number."
    ),
    "search_wrong_born": "Date of birth: write it as YYYY-MM-DD, e.g. 1985-09-14.",
    "search_wrong_postcode": "Postcode: write a whole one, e.g. SE5 8AZ.",
    "search_wrong_nhs_number": (
        "NHS number: ten figures; these fail the check figure. Read it again."
    ),
    "search_wrong_name": "Name: at most 80 letters.",
    "find_title": "An incident that is not in the queue",
    "find_hint": (
        "By the agency's own reference, e.g. CAD-4177: also one about whom the matcher found "
        "nobody, or is sure."
    ),
    "find_reference": "Reference",
    "find_open": "Open",
    "judge_title": "Whom would you say it is?",
    "judge_hint": (
        "One in many incidents is judged by a person, so that it is known how often the "
        "matcher is wrong. Say what you find from what is written here. What the matcher had "
        "said you are told afterwards; your answer changes nothing by itself."
    ),
    "judge_compares": "How it compares",
    "judge_question": "It is about",
    "judge_nobody": "Nobody of these",
    "judge_choose": "Choose one on file, nobody of these, or cannot tell.",
    "judge_waiting": "To be judged without the matcher",
    "judge_waiting_hint": (
        "No crisis waits for these: they tell how often the matcher is wrong. The oldest, at "
        "most {n}."
    ),
    "judge_open": "Judge",
    "judge_open_of": "Judge: {agency} {incident}",
    "judged_agreed": "The matcher had said the same.",
    "judged_disagreed": (
        "The matcher had said otherwise: see below whom it attached. If you are sure, decide "
        "it here: say somebody else of the one, and same person of the other."
    ),
    "judged_cannot-tell": "Kept: you could not tell. Below is what the matcher had said.",
    "undo": "Undo",
    "undo_of": "Undo: {what}",
    "records_of": "Records of on file {n}",
    "no_review_here": "People on file are not disclosed to this desk, so nobody is compared here.",
    "no_review_here_remedy": (
        "A desk of the health services, of custody or of the AMHP can. Ring the trust."
    ),
    "unknown_decision": "There is no such incident to decide for this desk.",
    "unknown_decision_remedy": "Go back to the queue: somebody may have decided it.",
    "unknown_person": "There is no such person on file.",
    "unknown_person_remedy": "Go back to the queue: records may have been joined.",
    "person_title": "One person on file",
    "person_records": "Records of this person",
    "person_number": "No.",
    "take_out_record": "Take record {n} out",
    "take_out_hint": "The record is another person's. It leaves, and joins nobody by itself again.",
    "join_title": "Join with another person on file",
    "join_hint": (
        "Both are one person. Everything that is attached to the other is this one's then."
    ),
    "join_other": "The other person's id, from the page of their records",
    "person_id": "Id of this person: {id}",
    "see_first": "Show what it would change",
    "preview_title": "What this would change",
    "preview_records": "Records that become another person's: {n}",
    "preview_incidents": "Incidents of which something else is then decided: {n}",
    "preview_alerts": "Alerts",
    "preview_raised": "is raised at {desks}",
    "preview_ended": "ends at {desks}",
    "preview_changed": "changes at {desks}",
    "preview_nothing": "No alert rises and none ends.",
    "preview_not_yet": "Nothing is written yet.",
    "do_it": "Do it",
    "leave_it": "Leave it as it is",
    "link_same": "joined",
    "link_different": "taken out",
    "link_history": "Decisions about these records",
    "link_history_none": "Nobody has joined or taken out any of these records.",
}

"""What people decide about which subjects are one crisis: take one out of a crisis, move it to
another, or join two; shown before it is done.

| call | what it does |
|---|---|
| `take_out` | a subject is of another crisis than the rest of the one it is in: it never joins them
again by itself | | `move` | the same, and it is of another crisis that there is | | `join` | two
subjects, and the crises they are in, are one |

A subject is an incident, or of a log about several people one of them. Either replaces what was
decided of the same pair before; the audit keeps both. Alerts rise and end in the same transaction;
`preview` does an act and takes it back. Two people at once: one wins, the other is told
(`DecisionRefused`: already-decided, unknown-incident, one-incident, reason-needed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import product

from services.liaison.crisis.division import divide, incident_of, subject_of
from services.liaison.linking.decisions import LinkVerdict, pairs_decided
from services.liaison.linking.sighting import Key as SubjectKey
from services.orchestration.decisions.common import (
    AlertMoved,
    DecisionRefused,
    moved_alerts,
    preview,
    reasoned,
)
from services.orchestration.ledger import Transaction
from services.orchestration.parking import settle_touched
from services.orchestration.settling import Settling


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What a decision changes."""

    together: tuple[SubjectKey, ...]
    """The subjects that are one crisis with the one decided on, itself among them, afterwards."""
    alerts: tuple[AlertMoved, ...]
    crisis_id: str | None
    """The crisis that the one decided on is in, afterwards."""

    @property
    def alerts_here(self) -> tuple[AlertMoved, ...]:
        """Those of the crisis that the one decided on is in, afterwards."""
        return tuple(alert for alert in self.alerts if alert.crisis_id == self.crisis_id)

    @property
    def alerts_elsewhere(self) -> tuple[AlertMoved, ...]:
        """Those of others: of the crisis that it leaves."""
        return tuple(alert for alert in self.alerts if alert.crisis_id != self.crisis_id)


@dataclass(frozen=True, slots=True)
class _Word:
    """What a person says of two subjects."""

    pair: tuple[SubjectKey, SubjectKey]
    verdict: LinkVerdict


async def take_out(
    transaction: Transaction,
    settling: Settling,
    subject: SubjectKey,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The subject is none of the crisis it is in. Raises DecisionRefused."""
    together = await _together(transaction, subject, reason)
    further = [key for key in together if key != subject]
    if not further:
        raise DecisionRefused(
            "one-incident",
            "It is the only incident of this crisis: there is nothing to take it out of.",
        )
    words = [_Word((subject, key), "separated") for key in further]
    companies = (frozenset({subject}), frozenset(further))
    words += await _against_others(transaction, settling, words, companies, now)
    return await _decide(transaction, settling, subject, words, actor, reason, now)


async def move(
    transaction: Transaction,
    settling: Settling,
    subject: SubjectKey,
    target: SubjectKey,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The subject is none of the crisis it is in, and of the one that the target is in. Raises
    DecisionRefused.
    """
    together = await _together(transaction, subject, reason)
    new_company = await _together(transaction, await subject_named(transaction, target), reason)
    if subject in new_company:
        raise DecisionRefused(
            "already-decided", "It is of that crisis already: somebody else may have moved it."
        )
    further = [key for key in together if key != subject]
    words = [_Word((subject, key), "separated") for key in further]
    # with each of them: one whom its description contradicts must not leave them for it
    words += [_Word((subject, key), "joined") for key in new_company]
    companies = (frozenset({subject, *new_company}), frozenset(further))
    words += await _against_others(transaction, settling, words, companies, now)
    return await _decide(transaction, settling, subject, words, actor, reason, now)


async def join(
    transaction: Transaction,
    settling: Settling,
    subject: SubjectKey,
    other: SubjectKey,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The two subjects are of one crisis. Raises DecisionRefused."""
    together = await _together(transaction, subject, reason)
    other = await subject_named(transaction, other)
    if other in together:
        raise DecisionRefused(
            "already-decided",
            "They are one crisis already: somebody else may have joined them just now.",
        )
    theirs = await _together(transaction, other, reason)
    # what separated any two of the two crises was about these too: the newer word counts for all
    # of them
    separated = await _separated(transaction, (*together, *theirs))
    pairs = [pair for pair in product(together, theirs) if frozenset(pair) in separated]
    if (subject, other) not in pairs:
        pairs.append((subject, other))
    words = [_Word(pair, "joined") for pair in pairs]
    return await _decide(transaction, settling, subject, words, actor, reason, now)


async def _against_others(
    transaction: Transaction,
    settling: Settling,
    words: Sequence[_Word],
    companies: Iterable[frozenset[SubjectKey]],
    now: datetime,
) -> list[_Word]:
    """What keeps either crisis from others that it would join by itself, now that the subject is no
    longer in it: the decision is about these two crises, and lends nobody else their facts.
    """
    further: list[_Word] = []
    while True:
        trial = partial(_strangers, settling, [*words, *further], companies, now)
        strangers = await preview(transaction, trial)
        settled_pairs = {frozenset(word.pair) for word in (*words, *further)}
        new = [pair for pair in strangers if frozenset(pair) not in settled_pairs]
        # no word is said twice: a parked crisis follows none until it can be judged
        if not new:
            return further
        further += [_Word(pair, "separated") for pair in new]


async def _strangers(
    settling: Settling,
    words: Sequence[_Word],
    companies: Iterable[frozenset[SubjectKey]],
    now: datetime,
    transaction: Transaction,
) -> list[tuple[SubjectKey, SubjectKey]]:
    """Whom somebody of a company would be one crisis with who is not of it."""
    await _decide(transaction, settling, words[0].pair[0], words, "", "", now)
    strangers: set[tuple[SubjectKey, SubjectKey]] = set()
    for company in companies:
        for subject in company:
            together = await transaction.subjects_together(subject)
            strangers |= {(subject, other) for other in together if other not in company}
    return sorted(strangers)


async def subject_named(transaction: Transaction, name: SubjectKey) -> SubjectKey:
    """The subject that goes by a name: a detention's person may be whom the log itself describes.
    The name itself where nobody goes by it.
    """
    names = await _names(transaction, [name])
    return next((key for key, several in names.items() if name in several), name)


async def _together(
    transaction: Transaction, subject: SubjectKey, reason: str
) -> tuple[SubjectKey, ...]:
    """The subjects of the crisis that this one is in, with the zone locked."""
    reasoned(reason)
    await transaction.lock_zone()
    together = await transaction.subjects_together(subject)
    if not together:
        raise DecisionRefused(
            "unknown-incident",
            "There is no such incident of that agency here; look at the reference again.",
        )
    return together


async def _names(
    transaction: Transaction, subjects: Iterable[SubjectKey]
) -> dict[SubjectKey, frozenset[SubjectKey]]:
    """Every name of each subject of these incidents."""
    events = await transaction.events_of({incident_of(subject) for subject in subjects})
    return {
        part.key: part.names
        for incident, effective in events.items()
        for part in divide(incident, effective)
    }


async def _separated(
    transaction: Transaction, subjects: Sequence[SubjectKey]
) -> frozenset[frozenset[SubjectKey]]:
    names = await _names(transaction, subjects)
    subject_by_name = {name: key for key, several in names.items() for name in several}
    decisions = await transaction.link_decisions({incident_of(subject) for subject in subjects})
    return pairs_decided(decisions, subject_by_name).separated


async def decide(
    transaction: Transaction,
    settling: Settling,
    subject: SubjectKey,
    further: Sequence[SubjectKey],
    verdict: LinkVerdict,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    """The subject, and each of these others, are of one crisis or of two. Nothing is asked:
    `take_out`, `move` and `join` do.
    """
    words = [_Word((subject, other), verdict) for other in further]
    return await _decide(transaction, settling, subject, words, actor, reason, now)


async def _decide(
    transaction: Transaction,
    settling: Settling,
    subject: SubjectKey,
    words: Sequence[_Word],
    actor: str,
    reason: str,
    now: datetime,
) -> Regrouped:
    await transaction.lock_zone()
    subjects = {key for word in words for key in word.pair}
    names = await _names(transaction, subjects)
    for word in words:
        await _keep(transaction, word, names, actor, reason, now)
    touched = {incident_of(key) for key in subjects}
    settled = await settle_touched(transaction, settling, touched, now)
    together = await transaction.subjects_together(subject)
    crisis_id = settled.crisis_of.get(incident_of(subject))
    if subject_of(subject):
        further = await transaction.further_subjects(touched)
        crisis_id = further.get(incident_of(subject), {}).get(subject_of(subject))
    return Regrouped(together, moved_alerts(settled.changes), crisis_id)


async def _keep(
    transaction: Transaction,
    word: _Word,
    names: Mapping[SubjectKey, frozenset[SubjectKey]],
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    one, other = word.pair
    # by every name: what is said later may leave the subject any one of them
    several = product(names.get(one, (one,)), names.get(other, (other,)))
    for left, right in sorted(several):
        await transaction.keep_link_decision(
            (left, right), word.verdict, actor, reason.strip(), now
        )
    left, right = sorted(word.pair)
    detail = {"other": "/".join(right), "reason": reason.strip()}
    await transaction.audit(f"incidents.{word.verdict}", actor, "/".join(left), detail, now)

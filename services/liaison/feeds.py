"""Rule R30 over a feed: is it silent, stopped, late, wrong about the time, or sending what cannot
be read?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.codes import AgencyKind
from schemas.events.keeping import FeedHeartbeat
from schemas.received import Received
from schemas.registry import SUPERVISOR_OF, DeskRole
from services.liaison.finding import Evaluation, Evidence, Standing
from services.liaison.policy import Policy
from services.liaison.rules.r30_silence import RULE
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER


@dataclass(frozen=True, slots=True)
class Timing:
    """How a feed's events of one batch stand to our clock, in seconds, never negative."""

    late: float | None
    """Since the newest of them was recorded; None where none of them says when."""
    ahead: float
    """How far the newest lies in the future: its sender's clock is wrong."""


ON_TIME = Timing(0.0, 0.0)


def timing(events: Iterable[Received], now: datetime) -> Timing:
    """Of the newest event: one that is entered late is nobody's fault, a feed whose newest is old
    is late. Only what says when it was recorded counts, and a heartbeat, which is sent when it
    happens."""
    recorded: list[datetime] = []
    late, ahead = None, 0.0
    for received in events:
        event = received.as_sent
        recorded_at = event.recordedtime
        if type(event.data) is FeedHeartbeat:
            recorded_at = event.time
        if recorded_at is not None:
            recorded.append(recorded_at)
        ahead = max(ahead, (event.time - now).total_seconds())
    if recorded:
        late = max(0.0, (now - max(recorded)).total_seconds())
    return Timing(late, ahead)


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """When a feed was heard last, and how. A feed that never was is not connected, not silent."""

    feed: str
    agency: str
    kind: AgencyKind
    last_heard_at: datetime | None
    silent_after: timedelta
    stopped_reason: str | None = None
    late_since: datetime | None = None
    """Since when every batch of it was late."""
    late_by: timedelta = timedelta(0)
    ahead_since: datetime | None = None
    """Since when every batch of it came from the future."""
    ahead_by: timedelta = timedelta(0)
    rejected: tuple[datetime, ...] = ()
    """When something of it was rejected, in order; as far back as the rule counts."""
    unknown_since: datetime | None = None
    """Since when it has named what the agency registry does not have."""
    unknown_at: datetime | None = None
    """When it did so last."""

    @property
    def silent_at(self) -> datetime | None:
        """When it is silent, if nothing comes."""
        if self.last_heard_at is None:
            return None
        return self.last_heard_at + self.silent_after

    def heard_up_to(self) -> datetime | None:
        """Up to when what it had to say is known: what a late feed has not said yet is no absence."""
        if self.last_heard_at is None or self.late_since is None:
            return self.last_heard_at
        return self.last_heard_at - self.late_by


def is_silent(health: FeedHealth, now: datetime) -> bool:
    """Whether nothing has come for too long, or nothing is taken."""
    return health.stopped_reason is not None or (
        health.silent_at is not None and now >= health.silent_at
    )


def evaluate_feed(health: FeedHealth, now: datetime, policy: Policy) -> Evaluation:
    """What is wrong with it, and when to look again. A second silence is a new alert: the anchor
    holds when the feed was heard last. Of a feed that is silent or stopped nothing else is said."""
    if health.stopped_reason is not None:
        sentence = f"Feed {health.feed} is stopped: {health.stopped_reason}. Nothing of it is lost; nothing of it is applied."
        return Evaluation(
            (_standing(health, policy, "stopped", health.last_heard_at or now, sentence),), None
        )
    # a feed that was never heard is not connected yet: that is a matter for the registry, not
    # for a night shift
    silent_at = health.silent_at
    if silent_at is None or health.last_heard_at is None:
        return Evaluation((), None)
    if now >= silent_at:
        sentence = f"Feed {health.feed} of {health.agency} was heard last at {clock(health.last_heard_at)}."
        return Evaluation(
            (_standing(health, policy, health.last_heard_at.isoformat(), silent_at, sentence),),
            None,
        )
    standing, ahead = [], [silent_at]
    for trouble, until in _troubles(health, policy):
        begins, ends = trouble.finding.holds_from, until or FOREVER
        if begins <= now < ends:
            standing.append(trouble)
        ahead += [instant for instant in (begins, ends) if instant > now]
    return Evaluation(tuple(standing), min(ahead))


def trouble_of(evaluation: Evaluation) -> str | None:
    """The worst trouble that stands although the feed is heard: `backlog`, `late`, `clock` or
    `rejected`.
    """
    names = [
        standing.finding.stage or standing.finding.anchor[1].split("/")[1]
        for standing in evaluation.standing
    ]
    return next((name for name in ("backlog", "late", "clock", "rejected") if name in names), None)


def troubled_again_at(health: FeedHealth, now: datetime, policy: Policy) -> datetime | None:
    """When its other troubles must be looked at again, whether it is heard until then or not."""
    troubles = list(_troubles(health, policy))
    instants = [trouble.finding.holds_from for trouble, _ in troubles] + [
        until for _, until in troubles if until is not None
    ]
    return min((at for at in instants if at > now), default=None)


def _troubles(health: FeedHealth, policy: Policy) -> Iterator[tuple[Standing, datetime | None]]:
    """Each with until when it holds; None: until the feed says otherwise."""
    lasts = RULE.limit(policy, "trouble_lasts")
    if health.late_since is not None:
        late_from = RULE.limit(policy, "late_from") // timedelta(seconds=1)
        stage, how_late = "", f"more than {late_from} seconds before it came."
        if health.late_by >= RULE.limit(policy, "backlog_from"):
            stage = "backlog"
            how_late = f"{duration(health.late_by)} ago. What stands on the screens is as old."
        sentence = f"Feed {health.feed} of {health.agency} is late: its newest event was recorded {how_late}"
        yield (
            _standing(
                health,
                policy,
                f"late/{health.late_since.isoformat()}",
                health.late_since + lasts,
                sentence,
                title="A feed is late",
                stage=stage,
            ),
            None,
        )
    if health.ahead_since is not None:
        sentence = f"Feed {health.feed} of {health.agency} sends events from the future: its clock or ours is wrong."
        yield (
            _standing(
                health,
                policy,
                f"clock/{health.ahead_since.isoformat()}",
                health.ahead_since + lasts,
                sentence,
                urgency=2,
                title="A feed's clock is wrong",
                moment="wrong-clock",
                recipients=("operations", SUPERVISOR_OF[health.kind]),
            ),
            None,
        )
    if health.unknown_since is not None and health.unknown_at is not None:
        sentence = (
            f"Feed {health.feed} of {health.agency} names an agency or an area that is not in the registry, "
            "or coordinates outside the area beside them: its receipts say which."
        )
        yield (
            _standing(
                health,
                policy,
                f"unknown-name/{health.unknown_since.isoformat()}",
                health.unknown_since,
                sentence,
                urgency=3,
                title="A feed's names or places do not fit the registry",
                moment="unknown-name",
            ),
            health.unknown_at + RULE.limit(policy, "unknown_name_lasts"),
        )
    enough, within = RULE.number(policy, "rejected_from"), RULE.limit(policy, "rejected_within")
    # the first moment at which so many lay within the time, and the last
    runs = [
        (at, health.rejected[number - enough + 1])
        for number, at in enumerate(health.rejected)
        if number >= enough - 1 and at - health.rejected[number - enough + 1] < within
    ]
    if runs:
        since, until = runs[0][0], runs[-1][1] + within
        sentence = f"{enough} or more events of feed {health.feed} of {health.agency} could not be read in {duration(within)}."
        yield (
            _standing(
                health,
                policy,
                "rejected",
                since,
                sentence,
                urgency=2,
                title="A feed sends what cannot be read",
                moment="unreadable",
            ),
            until,
        )


def _standing(
    health: FeedHealth,
    policy: Policy,
    condition: str,
    since: datetime,
    sentence: str,
    *,
    urgency: int | None = None,
    title: str = RULE.title,
    stage: str = "",
    moment: str | None = None,
    recipients: tuple[DeskRole, ...] = ("operations",),
) -> Standing:
    finding = RULE.finds(
        policy,
        anchor=("feed", f"{health.feed}/{condition}"),
        holds=(since, FOREVER),
        reason=sentence,
        evidence=(Evidence(sentence, since),),
        urgency=urgency,
        title=title,
        stage=stage,
        moment=moment,
        recipients=recipients,
        agencies=(health.agency,),
    )
    return Standing(finding, "verified")

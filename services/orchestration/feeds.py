"""How each feed is: heard, silent, late, wrong about the time, rejected, stopped (rule R30)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from schemas.registry import Registry
from services.liaison.alert import AlertChange
from services.liaison.alert_changes import settle_feed
from services.liaison.feeds import (
    FeedHealth,
    Timing,
    evaluate_feed,
    is_silent,
    trouble_of,
    troubled_again_at,
)
from services.liaison.policy import Policy
from services.liaison.rules.r30_silence import RULE as FEED_RULE
from services.orchestration.ledger import FeedState, Transaction


def health_of(
    state: FeedState, registry: Registry, rejected: tuple[datetime, ...] = ()
) -> FeedHealth:
    """The feed as the rule sees it. KeyError for one that is not in the registry."""
    agency, feed = registry.feeds_by_id[state.feed]
    return FeedHealth(
        feed=feed.id,
        agency=agency.id,
        kind=agency.kind,
        last_heard_at=state.last_heard_at,
        silent_after=timedelta(seconds=feed.silent_after_seconds),
        stopped_reason=state.stopped_reason,
        late_since=state.late_since,
        late_by=timedelta(seconds=state.late_seconds),
        ahead_since=state.ahead_since,
        ahead_by=timedelta(seconds=state.ahead_seconds),
        rejected=rejected,
        unknown_since=state.unknown_since,
        unknown_at=state.unknown_at,
    )


def heard_up_to(states: Mapping[str, FeedState], registry: Registry) -> dict[str, datetime]:
    """Up to when what each feed had to say is known: when it was last heard, less how late it is."""
    by_feed: dict[str, datetime] = {}
    for feed, state in states.items():
        if feed in registry.feeds_by_id:
            until = health_of(state, registry).heard_up_to()
            if until is not None:
                by_feed[feed] = until
    return by_feed


def after_sign_of_life(
    state: FeedState, timing: Timing | None, policy: Policy, now: datetime
) -> FeedState:
    """The feed once it was heard. Without a timing it gave a sign of life and said nothing of the
    time.
    """
    heard_at = now if state.last_heard_at is None else max(state.last_heard_at, now)
    state = replace(state, last_heard_at=heard_at)
    if timing is None:
        return state
    if timing.late is not None:
        late = timing.late > FEED_RULE.limit(policy, "late_from").total_seconds()
        state = replace(
            state, late_seconds=timing.late, late_since=_since(state.late_since, late, now)
        )
    ahead = timing.ahead > FEED_RULE.limit(policy, "ahead_from").total_seconds()
    return replace(
        state, ahead_seconds=timing.ahead, ahead_since=_since(state.ahead_since, ahead, now)
    )


def _since(earlier: datetime | None, holds: bool, now: datetime) -> datetime | None:
    if not holds:
        return None
    return now if earlier is None else earlier


def look_at(state: FeedState, registry: Registry, policy: Policy, now: datetime) -> datetime:
    """When the feed must be looked at, as it was just heard: when it would be silent, and at once
    where it was silent or its trouble is over."""
    silent_after = registry.feeds_by_id[state.feed][1].silent_after_seconds
    instants = [(state.last_heard_at or now) + timedelta(seconds=silent_after)]
    troubles = _troubles(state, policy)
    over = state.troubled in troubles and troubles[state.troubled] is None
    if state.silent_since is not None or over:
        instants.append(now)
    if state.look_again_at is not None:
        instants.append(state.look_again_at)
    for since in troubles.values():
        if since is not None:
            told_from = since + FEED_RULE.limit(policy, "trouble_lasts")
            if state.troubled is None or told_from > now:
                instants.append(told_from)
    return min(instants)


def _troubles(state: FeedState, policy: Policy) -> dict[str | None, datetime | None]:
    """Since when the feed has each trouble that its own events can end."""
    if state.late_seconds >= FEED_RULE.limit(policy, "backlog_from").total_seconds():
        return {"late": None, "backlog": state.late_since, "clock": state.ahead_since}
    return {"late": state.late_since, "backlog": None, "clock": state.ahead_since}


async def hear(
    transaction: Transaction,
    timings: Mapping[str, Timing | None],
    registry: Registry,
    policy: Policy,
    now: datetime,
) -> None:
    """The feeds gave a sign of life: silence begins later. The zone is locked."""
    by_feed = await transaction.feed_states()
    states = [
        after_sign_of_life(by_feed.get(feed, FeedState(feed)), timing, policy, now)
        for feed, timing in sorted(timings.items())
    ]
    await transaction.save_feed_states(states)
    due: dict[str, datetime | None] = {
        state.feed: look_at(state, registry, policy, now) for state in states
    }
    await transaction.set_deadlines("feed", due)


async def look_at_rejections(
    transaction: Transaction, feeds: Collection[str], now: datetime
) -> None:
    """Something of these feeds was rejected: have each looked at now, and again when it is next
    heard. A feed that was never heard is not connected."""
    by_feed = await transaction.feed_states()
    states = []
    for feed in sorted(feeds):
        state = by_feed.get(feed)
        if state is not None and state.last_heard_at is not None:
            again = now if state.look_again_at is None else min(state.look_again_at, now)
            states.append(replace(state, look_again_at=again))
    await transaction.save_feed_states(states)
    await transaction.bring_forward("feed", sorted(feeds), now)


async def look_at_names(
    transaction: Transaction, feeds: Collection[str], policy: Policy, now: datetime
) -> None:
    """These feeds named an agency or an area that the registry does not have: have each looked at
    now.
    """
    by_feed = await transaction.feed_states()
    lasts = FEED_RULE.limit(policy, "unknown_name_lasts")
    states = []
    for feed in sorted(feeds):
        state = by_feed.get(feed, FeedState(feed))
        over = state.unknown_at is None or now - state.unknown_at >= lasts
        since = now if over else state.unknown_since
        again = now if state.look_again_at is None else min(state.look_again_at, now)
        states.append(replace(state, unknown_since=since, unknown_at=now, look_again_at=again))
    await transaction.save_feed_states(states)
    await transaction.bring_forward("feed", sorted(feeds), now)


async def look_at_feed(
    transaction: Transaction, feed: str, registry: Registry, policy: Policy, now: datetime
) -> tuple[Sequence[AlertChange], bool | None]:
    """Rule R30 for one feed: what changes, still to be written, and whether the feed is silent.
    None: nothing is known of it.
    """
    state = (await transaction.feed_states()).get(feed)
    if feed not in registry.feeds_by_id or state is None:
        return (), None
    # as far back as the rule counts twice over
    since = now - 2 * FEED_RULE.limit(policy, "rejected_within")
    health = health_of(state, registry, await transaction.rejected_at(feed, since))
    alerts = await transaction.alerts(feeds=[feed])
    changes, again = settle_feed(health, alerts, now, policy=policy, registry=registry)
    await transaction.save_feed_states([_looked_at(state, health, policy, now)])
    await transaction.set_deadlines("feed", {feed: again})
    return changes, is_silent(health, now)


def _looked_at(state: FeedState, health: FeedHealth, policy: Policy, now: datetime) -> FeedState:
    if is_silent(health, now):
        silent_since = state.silent_since or state.last_heard_at or now
        return replace(state, silent_since=silent_since, troubled=None, look_again_at=None)
    return replace(
        state,
        silent_since=None,
        troubled=trouble_of(evaluate_feed(health, now, policy)),
        look_again_at=troubled_again_at(health, now, policy),
    )


async def stop_feed(transaction: Transaction, feed: str, reason: str, now: datetime) -> None:
    """Record that a feed is stopped, and have its rule looked at now. The zone is locked."""
    state = (await transaction.feed_states()).get(feed, FeedState(feed))
    await transaction.save_feed_states([replace(state, stopped_at=now, stopped_reason=reason)])
    await transaction.set_deadlines("feed", {feed: now})


async def resume_feeds(transaction: Transaction, feeds: Collection[str]) -> None:
    """Have these feeds read again: somebody has looked at why they were stopped. The zone is locked."""
    by_feed = await transaction.feed_states()
    stopped = [state for feed, state in by_feed.items() if feed in feeds and state.stopped_at]
    await transaction.save_feed_states(
        [replace(state, stopped_at=None, stopped_reason=None) for state in stopped]
    )

"""What is judged of what was read: pure, so that each can be fired without breaking anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Level = Literal["ok", "warning", "fault"]

# Deadlines are taken by the machine's clock and compared with what PostgreSQL and the agencies say.
CLOCKS_WELL = timedelta(seconds=1)
CLOCKS_APART = timedelta(seconds=5)
# A certificate of a month leaves time to ask for another.
RENEW_BEFORE = timedelta(days=30)
# The release that the tests run on (docker-compose.yml); earlier ones were never tried.
TRIED_POSTGRES = 18
SOME_ROOM_BYTES = 1_000_000_000
NAMED_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """One check: how it went, in a sentence, and what to do."""

    check: str
    level: Level
    sentence: str
    remedy: str = ""


def away(check: str, problem: str, remedy: str) -> Judgement:
    """What could not be asked at all."""
    return Judgement(check, "fault", problem, remedy)


def judge_migrations(problem: str | None) -> Judgement:
    """The ledger's tables are those of this release."""
    if problem is None:
        return Judgement("migrations", "ok", "the ledger is at this release's migrations")
    return Judgement("migrations", "fault", problem, "run `liaison migrate`")


def judge_server(version: int) -> Judgement:
    """The server is one that the tests run on. `version` as PostgreSQL counts it: 180004."""
    major = version // 10_000
    if major >= TRIED_POSTGRES:
        return Judgement("postgres-version", "ok", f"PostgreSQL {major}")
    remedy = f"use PostgreSQL {TRIED_POSTGRES}, with which the tests run"
    return Judgement("postgres-version", "warning", f"PostgreSQL {major} was never tried", remedy)


def judge_role(role: str, is_superuser: bool) -> Judgement:
    """Nobody needs to be a superuser to work on the ledger."""
    if not is_superuser:
        return Judgement("postgres-role", "ok", f"signed in as {role}, which is no superuser")
    sentence = f"{role} is a superuser: whoever has this service has the whole server"
    return Judgement("postgres-role", "warning", sentence, "give the service a role of its own")


def judge_clock(here: datetime, there: datetime, took: timedelta) -> Judgement:
    """The machine's clock is PostgreSQL's. `took` is how long it took to ask."""
    # an answer that was long on its way tells no more than that
    apart = max(timedelta(0), abs(here - there) - took)
    sentence = f"the machine's clock is {apart.total_seconds():.1f} s from PostgreSQL's"
    if apart <= CLOCKS_WELL:
        return Judgement("clock", "ok", sentence)
    level: Level = "warning"
    if apart > CLOCKS_APART:
        level = "fault"
    return Judgement("clock", level, sentence, "have both follow the same time service")


def judge_topics(differences: Sequence[str]) -> Judgement:
    """Topics and access lists are as the registry asks."""
    if not differences:
        return Judgement("topics", "ok", "topics and access lists are as the registry asks")
    named = "; ".join(differences[:NAMED_CHANGES])
    more = len(differences) - NAMED_CHANGES
    if more > 0:
        named += f"; and {more} more"
    return Judgement("topics", "fault", named, "look at `liaison topics plan`, then `apply`")


def judge_certificate(name: str, ends: datetime, now: datetime) -> Judgement:
    """A certificate holds, and for long enough."""
    check = f"certificate:{name}"
    sentence = f"{name} holds until {ends:%Y-%m-%d %H:%M} UTC"
    if ends <= now:
        return Judgement(check, "fault", f"{name} ended {ends:%Y-%m-%d %H:%M} UTC", "renew it now")
    if ends - now < RENEW_BEFORE:
        return Judgement(check, "warning", sentence, "renew it")
    return Judgement(check, "ok", sentence)


def judge_room(name: str, free_bytes: int) -> Judgement:
    """A disk that is written to has room."""
    sentence = f"{free_bytes / 1e9:.1f} GB are free where {name} is written"
    if free_bytes < SOME_ROOM_BYTES:
        return Judgement(f"room:{name}", "warning", sentence, "make room")
    return Judgement(f"room:{name}", "ok", sentence)

"""Work on many that one of them may break: what fails is found and stands alone, the rest is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from services.orchestration.ledger import Transaction

U = TypeVar("U")
R = TypeVar("R")


@dataclass
class Apart(Generic[U, R]):
    """What was done, part by part, and what could not be."""

    results: list[R] = field(default_factory=list)
    failures: list[tuple[U, Exception]] = field(default_factory=list)


async def apart(
    transaction: Transaction, units: Sequence[U], act: Callable[[Sequence[U]], Awaitable[R]]
) -> Apart[U, R]:
    """Do it for all of them at once; where that fails, for each half, and so on until what fails
    is one alone. Each part in a savepoint: nothing of what failed is kept. Raises what passes by
    itself."""
    done: Apart[U, R] = Apart()
    parts = [units] if units else []
    while parts:
        part = parts.pop()
        try:
            async with transaction.savepoint():
                done.results.append(await act(part))
        except Exception as error:
            if transaction.passes(error):
                raise
            if len(part) == 1:
                done.failures.append((part[0], error))
                continue
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
    return done


async def alone(
    transaction: Transaction, act: Callable[[], Awaitable[R]]
) -> tuple[R | None, Exception | None]:
    """One thing in a savepoint of its own: what it gives, or why it failed. Raises what passes by
    itself."""
    try:
        async with transaction.savepoint():
            return await act(), None
    except Exception as error:
        if transaction.passes(error):
            raise
        return None, error

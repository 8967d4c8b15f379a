"""`liaison topics`: the topics and who may do what with them, from the registry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from aiokafka.errors import KafkaError

from schemas.registry import RegistryError, load_registry
from services.runtime.cluster.administration import Administration, administration
from services.runtime.cluster.changes import ByHand, Change, changes, sentence
from services.runtime.cluster.layout import Layout, layout
from services.runtime.errors import LiaisonError
from services.runtime.settings import Settings

T = TypeVar("T")

without_access = click.option(
    "--no-access-lists",
    is_flag=True,
    help="Topics alone: for brokers that keep no access lists, where somebody tries the product.",
)


@click.group()
def topics() -> None:
    """Topics and access lists, as the registry asks for them: a principal an agency and a service."""


@topics.command()
@without_access
def plan(no_access_lists: bool) -> None:
    """Print what `apply` would change; change nothing."""
    differences = _on_brokers(lambda brokers, target: _read(brokers, target, not no_access_lists))
    _print(differences)


@topics.command()
@without_access
def check(no_access_lists: bool) -> None:
    """Print what differs from the registry; exit 1 where something does."""
    differences = _on_brokers(lambda brokers, target: _read(brokers, target, not no_access_lists))
    _print(differences)
    if differences:
        raise SystemExit(1)


@topics.command()
@without_access
def apply(no_access_lists: bool) -> None:
    """Carry out what `plan` prints; exit 1 where something is left for a person. Safe to run again."""

    async def act(brokers: Administration, target: Layout) -> tuple[Change, ...]:
        differences = await _read(brokers, target, not no_access_lists)
        feasible = [change for change in differences if not isinstance(change, ByHand)]
        for number, change in enumerate(feasible, 1):
            await brokers.carry_out(change)
            click.echo(f"{number} of {len(feasible)}  {sentence(change)}")
        return tuple(change for change in differences if isinstance(change, ByHand))

    remaining = _on_brokers(act)
    _print(remaining)
    if remaining:
        raise SystemExit(1)


async def _read(brokers: Administration, target: Layout, access: bool) -> tuple[Change, ...]:
    return changes(target, await brokers.cluster(target.topics), access)


def _print(differences: tuple[Change, ...]) -> None:
    for change in differences:
        click.echo(sentence(change))
    if not differences:
        click.echo("the brokers hold what the registry asks for")


def _on_brokers(act: Callable[[Administration, Layout], Awaitable[T]]) -> T:
    settings = Settings()
    try:
        target = layout(load_registry(settings.registry_path), settings)
    except (RegistryError, ValueError) as error:
        raise click.UsageError(str(error)) from error

    async def inside() -> T:
        async with administration(settings) as brokers:
            return await act(brokers, target)

    try:
        return asyncio.run(inside())
    except (KafkaError, OSError, TimeoutError, LiaisonError) as error:
        raise click.ClickException(f"{error or type(error).__name__}") from error

"""`liaison worker NAME`: one service against the servers in the settings."""

from __future__ import annotations

import asyncio

import click

from schemas.registry import RegistryError, load_registry
from services.liaison.policy import PolicyError, load_policy
from services.runtime.exposition.first_values import begin
from services.runtime.exposition.registries import SERVICES, ServiceName
from services.runtime.logging import configure
from services.runtime.settings import Settings


@click.command()
@click.argument("name", type=click.Choice(SERVICES))
def worker(name: ServiceName) -> None:
    """Run one service until a signal ends it."""
    settings = Settings()
    configure(settings.log_level, name)
    try:
        registry = load_registry(settings.registry_path)
        load_policy(settings.policy_path)
    except (RegistryError, PolicyError) as error:
        raise click.UsageError(str(error)) from error
    begin(name, registry)
    if name == "stream":
        from services.stream.process import run_worker

        run_worker(settings)
    elif name == "relay":
        from services.relay.app import run_relay

        run_relay(settings)
    elif name == "auditor":
        from services.stream.auditor import run_auditor

        run_auditor(settings)
    elif name == "trace":
        from services.trace.app import run_trace

        run_trace(settings)
    elif name == "gateway":
        from services.gateway.app import run_gateway

        asyncio.run(run_gateway(settings))
    else:
        from services.console.app import run_console
        from services.runtime.garbage import keep_what_started

        keep_what_started()
        asyncio.run(run_console(settings))

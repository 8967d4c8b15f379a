"""The `liaison` command: one module a subcommand, imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from pydantic import ValidationError

# Each subcommand, in the order of the help, and the package that its module is in.
COMMANDS: dict[str, str] = {
    "up": "running",
    "demo": "running",
    "worker": "running",
    "publish": "sending",
    "validate": "sending",
    "rules": "trial",
    "replay": "trial",
    "backtest": "trial",
    "migrate": "running",
    "topics": "running",
    "roles": "running",
    "bench": "measuring",
    "identity": "matching",
    "grants": "running",
    "sessions": "running",
    "feeds": "running",
    "parked": "running",
    "quarantine": "running",
    "audit": "running",
    "doctor": "examining",
}


class LazyGroup(click.Group):
    """Imports a subcommand's module only when it is needed, so that `liaison --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        package = COMMANDS.get(cmd_name)
        if package is None:
            return None
        try:
            command: click.Command = getattr(
                import_module(f"services.command_line.{package}.{cmd_name}"), cmd_name
            )
        except ValueError as error:
            # the catalogue of rules is read when it is imported: what is wrong with a file is told,
            # not traced
            raise click.ClickException(str(error)) from error
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """A setting that is wrong is one sentence, and the command could not be run."""
        from services.runtime.errors import SettingsError
        from services.runtime.settings import Settings, settings_fault

        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.UsageError(str(error)) from error
        except ValidationError as error:
            if error.title != Settings.__name__:
                raise
            raise click.UsageError(str(settings_fault(error))) from error


@click.command(cls=LazyGroup)
@click.version_option(package_name="crisis-liaison")
def main() -> None:
    """Crisis Liaison: one crisis, every agency, the right desk."""

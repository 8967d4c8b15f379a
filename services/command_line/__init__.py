"""The `liaison` command: one module a subcommand, imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = (
    "up",
    "demo",
    "worker",
    "publish",
    "validate",
    "rules",
    "replay",
    "backtest",
    "migrate",
    "bench",
    "identity",
    "grants",
)


class LazyGroup(click.Group):
    """Imports a subcommand's module only when it is needed, so that `liaison --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        try:
            command: click.Command = getattr(
                import_module(f"services.command_line.{cmd_name}"), cmd_name
            )
        except ValueError as error:
            # the catalogue of rules is read when it is imported: what is wrong with a file is told,
            # not traced
            raise click.ClickException(str(error)) from error
        return command


@click.command(cls=LazyGroup)
@click.version_option(package_name="crisis-liaison")
def main() -> None:
    """Crisis Liaison: one crisis, every agency, the right desk."""

"""The parser: the overview of all commands; each is imported when it is run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from nandoctor import __version__
from nandoctor.cli import COMMANDS
from nandoctor.cli.exits import exit_code


class LazyGroup(TyperGroup):
    """Lists commands from the table without importing them; all errors end in ``exit_code``."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the overview."""
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command that knows its help line only, None where there is no such command."""
        entry = next((entry for entry in COMMANDS if entry.name == cmd_name), None)
        if entry is None:
            return None
        return TyperCommand(entry.name, help=entry.summary, rich_help_panel=entry.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is going to run or complete its arguments, imported."""
        self.commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(str(command.name)), rest

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run and exit."""
        extra["standalone_mode"] = False
        raise SystemExit(exit_code(lambda: super(LazyGroup, self).main(args, *rest, **extra), args))


def load(name: str) -> Any:
    """Import a command's module and return the command, or the group of commands, in it."""
    module = import_module(f"nandoctor.cli.{name}")
    if hasattr(module, "app"):
        group = typer.main.get_command(module.app)
        for command in group.commands.values():  # type: ignore[attr-defined]
            _with_plain_help(command)
        return group
    single = typer.Typer(add_completion=False)
    single.command(name)(module.command)
    return _with_plain_help(typer.main.get_command(single))


def _with_plain_help(command: Any) -> Any:
    """Let a flag show no ``<bool>``, and a paragraph of the help fill the line."""
    command.help = re.sub(r"(?<!\n)\n(?!\n)", " ", command.help or "")
    for parameter in command.params:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return command


app = typer.Typer(
    name="nandoctor",
    cls=LazyGroup,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"nandoctor {__version__}")
        raise typer.Exit()


@app.callback(epilog="Exit code: 0 nothing found, 1 found, 2 usage or unreadable input.")
def root(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Find out why a training run exploded or went NaN: cause, proof, what to do."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        return
    from nandoctor.cli.config import settings_for

    ctx.default_map = settings_for(ctx.invoked_subcommand)

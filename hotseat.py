"""The command line: one small loader over the entry-point group `hotseat.commands`.

Each package registers its own commands there; this file knows none of them. A command's module is imported
only when that command is called, so that `hotseat status` does not pay for the web server's imports.
"""

import os
from importlib.metadata import EntryPoint, entry_points, version

import click

GROUP = "hotseat.commands"
ENVIRONMENTS = "hotseat.environments"


class EntryPointGroup(click.Group):
    """A click group whose commands are entry points, loaded when asked for."""

    def _registered(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group=GROUP)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._registered())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._registered().get(cmd_name)
        if entry is None:
            return None
        try:
            command: click.Command = entry.load()
        except ModuleNotFoundError as missing:
            return _without(cmd_name, missing.name or "a package")
        if getattr(command, "in_stack", False):
            _lend_environment()
        return command


def _without(cmd_name: str, package: str) -> click.Command:
    """A command that can be listed and not be called: its packages are not installed here."""

    @click.command(cmd_name, context_settings={"ignore_unknown_options": True}, add_help_option=False)
    @click.argument("arguments", nargs=-1)
    def refused(arguments: tuple[str, ...]) -> None:
        raise click.ClickException(f"{cmd_name} needs {package}, which is not installed; run: make .venv/.lab")

    refused.help = f"(not installed here: needs {package}; run: make .venv/.lab)"
    return refused


def _lend_environment() -> None:
    """Gives a command that works on a running stack that stack's settings; what is set already stays."""
    for entry in entry_points(group=ENVIRONMENTS):
        for name, value in entry.load()().items():
            os.environ.setdefault(name, value)


@click.group(cls=EntryPointGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("hotseat"), prog_name="hotseat")
def main() -> None:
    """Hotseat: a web app whose processes keep nothing, and one switch that keeps users' data hot."""


if __name__ == "__main__":
    main()

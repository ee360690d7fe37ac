"""`python -m deploy.local NAME...` fetches the programs that are missing and prints where each one is."""

import sys

import click

from deploy.local.errors import StackError
from deploy.local.programs import Programs
from deploy.local.settings import machine_environ


def main(names: list[str]) -> int:
    programs = Programs.of(machine_environ(), say=lambda text: click.echo(text, err=True))
    try:
        for name, path in programs.need(*names).items():
            click.echo(f"{name} {path}")
        if "chromium" in names:
            programs.browser_libraries()
    except StackError as error:
        click.echo(f"hotseat: {error}", err=True)
        return error.exit_code
    return 0


sys.exit(main(sys.argv[1:]))

"""The application's commands. Each imports what it needs when called, so that the others stay quick."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cache import Unavailable
from webapp.errors import BackendUnavailable, NotFound, SettingsInvalid
from webapp.settings import NAIVE_MEANING, Settings, from_environ

if TYPE_CHECKING:
    from webapp.resources import Resources

WRONG_USE = 2


class InStack(click.Command):
    """A command that works on a running stack: the command line lends it that stack's settings."""

    in_stack = True


@click.command()
def web() -> None:
    """Run one web process (what `up` starts several of)."""
    from webapp.server import serve  # noqa: PLC0415

    _run_process(serve)


@click.command()
def worker() -> None:
    """Run the worker, which does the jobs the web processes ask for."""
    from webapp.worker import run_worker  # noqa: PLC0415

    _run_process(run_worker)


@click.command()
def release() -> None:
    """Prepare the stores: indexes in MongoDB, the bucket in S3. Safe to repeat."""

    async def prepare(resources: "Resources") -> None:
        await resources.documents.prepare()
        await resources.media.prepare()

    _with_resources(prepare)
    click.echo("The stores are prepared.")


@click.command(cls=InStack)
@click.option("--seed", "number", default=1, show_default=True, help="The same number gives the same content.")
@click.option("--people", default=300, show_default=True, type=click.IntRange(2, 20_000), help="How many people.")
@click.option("--cards", default=4000, show_default=True, type=click.IntRange(0, 200_000), help="How many cards.")
@click.option("--photos", default=120, show_default=True, type=click.IntRange(0, 2_000), help="How many photos.")
def seed(number: int, people: int, cards: int, photos: int) -> None:
    """Fill Postcards with people, cards and photos. Log in as `ada`, password `postcards`."""
    from webapp.planting import plant  # noqa: PLC0415

    _with_resources(lambda resources: plant(resources, seed=number, people=people, cards=cards, photos=photos))


@click.command(cls=InStack)
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def config(as_json: bool) -> None:
    """Print the effective settings, secrets as stars, and the rung of the ladder they stand on."""
    settings = _settings()
    shown = settings.shown()
    if as_json:
        click.echo(json.dumps({"RUNG": settings.rung, **shown}, indent=2))
        return
    click.echo(f"# rung: {settings.rung}" + (f" ({NAIVE_MEANING})" if settings.hot_cache == "naive" else ""))
    for name, value in shown.items():
        click.echo(f"{name}={value}")


class InStackGroup(click.Group):
    """Commands that work on a running stack."""

    in_stack = True


@click.group(cls=InStackGroup)
def job() -> None:
    """List the worker's jobs, or do one by hand."""


@job.command("list")
def list_jobs() -> None:
    """Show each job with what it wants to be told."""
    from webapp.registry import JOBS  # noqa: PLC0415

    usage = {" ".join((each.name, *each.arguments)): each.summary for each in JOBS.values()}
    width = max(map(len, usage))
    for name, summary in usage.items():
        click.echo(f"{name:{width}}  {summary}")


@job.command("run")
@click.argument("name")
@click.argument("arguments", nargs=-1)
def run_one(name: str, arguments: tuple[str, ...]) -> None:
    """Do a job here and now, beside the worker. `hotseat job list` shows what there is."""
    from webapp.registry import JOBS, run_job  # noqa: PLC0415

    if name not in JOBS:
        raise click.UsageError(f"There is no job {name!r}; there are: {', '.join(JOBS)}.")
    if len(arguments) != len(JOBS[name].arguments):
        raise click.UsageError(f"Give it as: hotseat job run {' '.join((name, *JOBS[name].arguments))}")

    async def do(resources: "Resources") -> None:
        click.echo(f"{name}: {await run_job(resources, name, *arguments)}")

    try:
        _with_resources(do)
    except NotFound as error:
        click.echo(f"Stopped: {error}", err=True)
        sys.exit(1)


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    from importlib.metadata import version  # noqa: PLC0415

    from webapp.openapi import document  # noqa: PLC0415

    click.echo(json.dumps(document(version("hotseat")), indent=2))


@click.command(cls=InStack)
@click.argument("handle")
def revoke(handle: str) -> None:
    """End every session of one person, on all instances. The password stays as it is."""

    async def end(resources: "Resources") -> None:
        account = await resources.documents.people.account(handle.lower())
        if account is None:
            raise click.ClickException(f"There is nobody called {handle!r}.")
        living = [each.id for each in await resources.sessions.list(account.tag)]
        ended = await resources.sessions.end(account.tag, *living)
        await resources.sessions.settle(account.tag)
        click.echo(f"{ended} ended.")

    _with_resources(end)


def _settings() -> Settings:
    try:
        return from_environ()
    except SettingsInvalid as error:
        _refuse(error)


def _refuse(error: SettingsInvalid) -> NoReturn:
    click.echo(f"The environment is not right:\n{error}", err=True)
    sys.exit(WRONG_USE)


def _run_process(main: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    import uvloop  # noqa: PLC0415

    from webapp.journal import set_up_logging  # noqa: PLC0415

    settings = _settings()
    set_up_logging(settings)
    try:
        uvloop.run(main(settings))
    except SettingsInvalid as error:
        _refuse(error)
    except OSError as error:
        click.echo(f"Cannot listen on port {settings.port} or {settings.admin_port}: {error}", err=True)
        sys.exit(WRONG_USE)


def _with_resources(action: "Callable[[Resources], Coroutine[Any, Any, None]]") -> None:
    from webapp.resources import open_resources  # noqa: PLC0415

    settings = _settings()

    async def act() -> None:
        async with open_resources(settings, serves=False) as resources:
            await action(resources)

    try:
        asyncio.run(act())
    except SettingsInvalid as error:
        _refuse(error)
    except (BackendUnavailable, Unavailable) as error:
        click.echo(f"Stopped: {error}. Is the stack up (`hotseat up`)?", err=True)
        sys.exit(1)

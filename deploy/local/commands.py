"""The stack's commands: `hotseat up`, `down`, `status`, `logs`, and one for each thing that can be done to a process.

Exit codes: 0 done, 1 something did not do what it should, 2 the command or a setting is wrong, 130 interrupted while
starting.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live

from deploy.local.errors import Misuse, StackError
from deploy.local.interruptions import Interrupted, interruptions_raise
from deploy.local.logs import Follower, last_lines
from deploy.local.places import RunDir
from deploy.local.settings import changeable, machine_environ, run_dir_of
from deploy.local.stack import Stack
from deploy.local.status import ProcessStatus
from deploy.local.terminal import LogPrinter, complaints, load_table, progress, status_table

_POLL_SECONDS = 0.1
_WATCH_SECONDS = 1.0
_INTERRUPTED = 130


@click.command()
@click.option("--detach", "-d", is_flag=True, help="Return when everything is ready, instead of following the logs.")
def up(detach: bool) -> None:
    """Start the whole stack, show it, and follow its logs until Ctrl-C, which stops it all.

    Settings come from the environment (HTTP_PORT, WEB_INSTANCES, STICKY_MODE, REDIS_URL, ...).
    """
    console = Console(highlight=False)
    with complaints():
        try:
            with interruptions_raise():
                _up(console, detach=detach)
        except Interrupted:
            console.print("Stopped before it was up.")
            raise SystemExit(_INTERRUPTED) from None


@click.command()
def down() -> None:
    """Stop everything of this stack, whatever happened before. Data, logs and secrets stay."""
    with complaints(), progress(Console(highlight=False)) as say:
        say("stopping")
        _stack().down()


@click.command()
@click.option(
    "--json", "as_json", is_flag=True, help="A list: name, pid, address, state, mode, hot, note, version, ..."
)
@click.option("--watch", is_flag=True, help="Show it anew each second, until Ctrl-C.")
def status(as_json: bool, watch: bool) -> None:
    """Show each process of the stack: what it runs, whom it serves, how it is with hot copies; what differs.

    Exit code 1 if the stack is not up.
    """
    with complaints():
        if as_json and watch:
            raise Misuse("--json and --watch do not go together; choose one.")
        stack, console = _stack(), Console(highlight=False)
        statuses = stack.status(ask=True)
        if as_json:
            click.echo(json.dumps([found.as_dict() for found in statuses], indent=1))
        elif statuses and watch:
            with contextlib.suppress(KeyboardInterrupt):
                statuses = _watch(stack, console)
        elif statuses:
            console.print(_fleet(statuses))
        if not statuses:
            raise StackError(f"No stack is running in {run_dir_of(machine_environ())}; start one with: hotseat up")


def _fleet(statuses: list[ProcessStatus]) -> RenderableType:
    return Group(status_table(statuses, with_pids=True), "", load_table(statuses))


def _watch(stack: Stack, console: Console) -> list[ProcessStatus]:
    """Until Ctrl-C, or until nothing is left to show."""
    with Live(console=console, auto_refresh=False) if console.is_terminal else contextlib.nullcontext() as live:
        while statuses := stack.status(ask=True):
            if live:
                live.update(_fleet(statuses), refresh=True)
            else:
                console.print(_fleet(statuses), "")
            time.sleep(_WATCH_SECONDS)
    return statuses


@click.command()
@click.argument("names", nargs=-1)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is logged from now on, until Ctrl-C.")
@click.option("--lines", "-n", default=20, show_default=True, help="How many of the last lines of each.")
def logs(names: tuple[str, ...], follow: bool, lines: int) -> None:
    """Show the last log lines of the named processes (all, if none is named); of a stopped stack too."""
    with complaints(), contextlib.suppress(KeyboardInterrupt):
        run_dir = RunDir(run_dir_of(machine_environ()))
        there = sorted(file.stem for file in run_dir.logs.glob("*.log"))
        unknown = [name for name in names if name not in there]
        if unknown or not there:
            known = ", ".join(there) or "none"
            raise Misuse(f"There is no log of {', '.join(unknown) or 'anything'}; there are: {known}.")
        files = {name: run_dir.log_of(name) for name in names or there}
        printer = LogPrinter(Console(highlight=False), files)
        with contextlib.closing(Follower(files)) as follower:
            for name, file in files.items():
                for line in last_lines(file, lines):
                    printer.print(name, line)
            while follow:
                for name, line in follower.poll():
                    printer.print(name, line)
                time.sleep(_POLL_SECONDS)


def _process_command(name: str, act: Callable[[Stack, str], None], text: str) -> click.Command:
    @click.command(name=name, help=text)
    @click.argument("names", nargs=-1, required=True, metavar="NAME...")
    def command(names: tuple[str, ...]) -> None:
        _for_each(names, act)

    return command


def _for_each(names: Iterable[str], act: Callable[[Stack, str], None]) -> None:
    with _change() as stack:
        for process in names:
            stack.environ_of(process)  # every name is checked before the first one is touched
        for process in names:
            act(stack, process)


start = _process_command("start", Stack.start, "Start stopped or drained processes and wait until they are ready.")
stop = _process_command("stop", Stack.stop, "Stop processes (a web process drains first); they stay down.")
drain = _process_command(
    "drain", Stack.drain, "Move the users of web processes away, end these, and close their slots."
)
kill = _process_command("kill", Stack.kill, "Kill processes with SIGKILL; they are started again in their slots.")
pause = _process_command("pause", Stack.pause, "Freeze processes (SIGSTOP): connections stay, nothing is answered.")
resume = _process_command("resume", Stack.resume, "Let paused processes go on.")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A setting for all; repeatable.")
def restart(names: tuple[str, ...], assignments: tuple[str, ...]) -> None:
    """Restart without interruption: a successor takes over from each web process, one at a time.

    Without names: all web processes and the worker, with the code as it is now, and with those of the application's
    settings that are set in this shell or by --set; a process that does not become ready ends it, and all run what they
    ran before. With names: these alone, with what they run (stores are stopped and started).
    """
    with complaints():
        settings = _assigned(assignments)
        if names and settings:
            raise Misuse("--set is for all web processes; leave the names out.")
    if names:
        _for_each(names, Stack.restart)
    else:
        with _change() as stack:
            stack.roll({**changeable(machine_environ()), **settings})


@click.command()
def rollback() -> None:
    """Back to the code and the settings of the release before; again, and it goes further back."""
    with _change() as stack:
        stack.rollback()


@click.command()
@click.argument("count", type=int, metavar="N")
def scale(count: int) -> None:
    """Run N web processes: new ones are started in free slots, or the highest ones drained."""
    with _change() as stack:
        stack.scale(count)


@click.command()
@click.argument("mode", type=click.Choice(["on", "off"]))
def sticky(mode: str) -> None:
    """Switch stickiness on or off while everything runs: web processes one at a time, then HAProxy."""
    with _change() as stack:
        stack.sticky(mode == "on")


@contextlib.contextmanager
def _change() -> Iterator[Stack]:
    """A stack that is going to be changed; what was begun is undone or finished by the next command if interrupted."""
    console = Console(highlight=False, stderr=True)
    environ = machine_environ()
    with complaints():
        try:
            with interruptions_raise(), progress(console) as say:
                yield Stack(run_dir_of(environ), environ, say=say)
        except Interrupted:
            click.echo("hotseat: Interrupted; what runs serves on. See hotseat status, then do it again.", err=True)
            raise SystemExit(_INTERRUPTED) from None


def _assigned(assignments: Iterable[str]) -> dict[str, str]:
    pairs = [assignment.partition("=") for assignment in assignments]
    if faulty := [name for name, equals, _ in pairs if not (name and equals)]:
        raise Misuse(f"--set {faulty[0]} is no NAME=VALUE.")
    return {name: value for name, _, value in pairs}


def _stack() -> Stack:
    environ = machine_environ()
    return Stack(run_dir_of(environ), environ)


def _up(console: Console, *, detach: bool) -> None:
    environ = machine_environ()
    with progress(console) as say:
        stack = Stack(run_dir_of(environ), environ, say=say)
        ran_already = stack.running()
        stack.up()
    if ran_already:
        unready = _show(stack, console)
        console.print(f"\nIt was running already: {stack.url} (follow it with: hotseat logs -f)")
        if unready:
            raise StackError(f"Not ready: {', '.join(unready)}.")
        return
    try:
        files = stack.all_logs()
        with contextlib.closing(Follower(files)) as follower:  # before the address is shown: no line is missed
            _show(stack, console)
            console.print(f"\nBrowse [bold]{stack.url}[/bold]  (stop with: {'hotseat down' if detach else 'Ctrl-C'})")
            console.print(_where_dashboards_are(stack), soft_wrap=True)
            if not detach:
                _follow(stack, follower, LogPrinter(console, files))
                console.print("The stack was stopped.")
    except Interrupted:
        console.print("\nStopping.")
        stack.down()
    except BaseException:  # a closed pipe, say: nobody would be there to stop it
        stack.down()
        raise


def _where_dashboards_are(stack: Stack) -> str:
    url = stack.dashboards_url
    if url is None:
        return f"{stack.without_grafana()}; draw the dashboards with: hotseat dashboards"
    late = "" if stack.ready("grafana") else "  (Grafana does not answer yet; see: hotseat logs grafana)"
    return f"Dashboards [bold]{url}[/bold]{late}"


def _show(stack: Stack, console: Console) -> list[str]:
    """Print the table; the names of those that do not answer."""
    statuses = stack.status(ask=True)
    ready = {found.name: found.state == "external" or stack.ready(found.name) for found in statuses}
    console.print(
        status_table(
            replace(found, state="ready") if ready[found.name] and found.state in ("running", "starting") else found
            for found in statuses
        )
    )
    return [name for name, is_ready in ready.items() if not is_ready]


def _follow(stack: Stack, follower: Follower, printer: LogPrinter) -> None:
    """Print what is logged from now on, until the stack is stopped by somebody else."""
    while stack.running():
        for name, line in follower.poll():
            printer.print(name, line)
        time.sleep(_POLL_SECONDS)

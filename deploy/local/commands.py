"""The stack's commands: `hotseat up`, `down`, `status`, `logs`, and one for each thing that can be done to a process.

Exit codes: 0 done, 1 something did not do what it should, 2 the command or a setting is wrong, 130 interrupted while
starting.
"""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import replace

import click
from rich.console import Console

from deploy.local.errors import Misuse, StackError
from deploy.local.interruptions import Interrupted, interruptions_raise
from deploy.local.logs import Follower, last_lines
from deploy.local.places import RunDir
from deploy.local.settings import machine_environ, run_dir_of
from deploy.local.stack import Stack
from deploy.local.terminal import LogPrinter, complaints, progress, status_table

_POLL_SECONDS = 0.1
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
@click.option("--json", "as_json", is_flag=True, help="A list: name, pid, address, state, mode, hot, note.")
def status(as_json: bool) -> None:
    """Show each process of the stack, and how it is with hot copies. Exit code 1 if the stack is not up."""
    with complaints():
        statuses = _stack().status(ask=True)
        if as_json:
            click.echo(json.dumps([found.as_dict() for found in statuses], indent=1))
        elif statuses:
            Console(highlight=False).print(status_table(statuses, with_pids=True))
        if not statuses:
            raise StackError(f"No stack is running in {run_dir_of(machine_environ())}; start one with: hotseat up")


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
        with complaints():
            stack = _stack()
            for process in names:
                stack.environ_of(process)  # every name is checked before the first one is touched
            for process in names:
                act(stack, process)

    return command


start = _process_command("start", Stack.start, "Start stopped processes and wait until they are ready.")
stop = _process_command("stop", Stack.stop, "Stop processes (a web process drains first); they stay down.")
restart = _process_command("restart", Stack.restart, "Stop and start processes, one by one, each until it is ready.")
kill = _process_command("kill", Stack.kill, "Kill processes with SIGKILL; they are started again in their slots.")
pause = _process_command("pause", Stack.pause, "Freeze processes (SIGSTOP): connections stay, nothing is answered.")
resume = _process_command("resume", Stack.resume, "Let paused processes go on.")


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
        files = {found.name: stack.logs(found.name) for found in stack.status() if found.state != "external"}
        with contextlib.closing(Follower(files)) as follower:  # before the address is shown: no line is missed
            _show(stack, console)
            console.print(f"\nBrowse [bold]{stack.url}[/bold]  (stop with: {'hotseat down' if detach else 'Ctrl-C'})")
            if not detach:
                _follow(stack, follower, LogPrinter(console, files))
                console.print("The stack was stopped.")
    except Interrupted:
        console.print("\nStopping.")
        stack.down()
    except BaseException:  # a closed pipe, say: nobody would be there to stop it
        stack.down()
        raise


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

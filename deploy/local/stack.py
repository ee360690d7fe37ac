"""A whole stack on this machine: bring it up, take it down, and reach into each of its processes.

Invariant: after `down` nothing of the stack runs, however it was left; data, logs and secrets stay. `up` either
returns with everything ready, or takes down what it started and raises. One `up` at a time per run directory (a
lock); `down` breaks that lock by ending its holder. A change takes the same lock: a second one at the same time is a
Misuse. Methods return when what they ask for is done, save `kill`, after which the process starts again.
"""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from deploy.local import readiness
from deploy.local.errors import Misuse, StackError
from deploy.local.leftovers import end_leftovers
from deploy.local.lock import UpLock
from deploy.local.places import RunDir
from deploy.local.processes import AppCommands, Plan, PlannedProcess, all_units, released
from deploy.local.releases import Release, Releases
from deploy.local.replacing import replace_proxy, replace_web
from deploy.local.rolling import current_release, release_before, roll_out
from deploy.local.running import RunningStack
from deploy.local.scaling import drain_web, open_again, scale
from deploy.local.settings import StackSettings, check_changeable
from deploy.local.starting import (
    READY_SECONDS,
    did_not_start,
    need_programs,
    prepare_stores,
    start_processes,
    start_stack,
    usable_grafana,
)
from deploy.local.status import ProcessStatus, status_of, status_of_plan
from deploy.local.stopping import HURRY_SECONDS, clear, stop_processes, take_down
from deploy.local.supervision import Supervisor, SupervisorGone
from deploy.local.waiting import wait_until

CHANGED_ALONE = ("web", "proxy", "worker")


class Stack:
    """The stack whose files are in `run_dir`. `environ` is for `up` only; all else asks the running stack.

    `say` hears what `up` is waiting for. `app` are the application's command lines.
    """

    def __init__(
        self,
        run_dir: Path,
        environ: Mapping[str, str],
        *,
        app: AppCommands | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._run_dir = RunDir(run_dir.absolute())
        self._environ = environ
        self._app = app or AppCommands()
        self._say = say
        self._supervisor = Supervisor(self._run_dir)
        self._releases = Releases(self._run_dir.releases)

    # The whole

    def up(self) -> None:
        """Start everything and wait until it is ready; if it runs already, finish what a killed command left.

        Raises Misuse (nothing was changed), StartFailed or StackError (all that was started is down again).
        """
        settings = StackSettings.from_environ(self._environ)
        programs = need_programs(settings, self._environ, self._say)
        was_there = self._run_dir.path.exists()
        self._run_dir.create()
        with UpLock(self._run_dir.lock_file):
            if self.running():
                self._running().repair()
                return
            try:
                clear(self._run_dir)
                self._run_dir.create()
                start_stack(
                    settings,
                    run_dir=self._run_dir,
                    supervisor=self._supervisor,
                    programs=programs,
                    environ=self._environ,
                    app=self._app,
                    say=self._say,
                )
            except BaseException as error:
                take_down(self._run_dir, self._supervisor)
                if isinstance(error, Misuse) and not was_there:
                    shutil.rmtree(self._run_dir.path, ignore_errors=True)
                raise

    def down(self) -> None:
        """Stop everything that belongs to this run directory, whoever started it. Idempotent."""
        if not self._run_dir.path.exists():
            end_leftovers(self._run_dir.path)
            return
        with UpLock(self._run_dir.lock_file, end_holder=True):
            take_down(self._run_dir, self._supervisor)

    def running(self) -> bool:
        return self._supervisor.answers()

    @property
    def url(self) -> str:
        """Where to browse."""
        return self._plan().url

    @property
    def dashboards_url(self) -> str | None:
        """Where Grafana shows them; None if it is not part of this stack."""
        return next((process.address for process in self._plan().of_kind("dashboards")), None)

    def without_grafana(self) -> str:
        """Why this environment would start none, as a sentence; "" if it would."""
        return usable_grafana(StackSettings.from_environ(self._environ), self._environ)[1]

    # Its processes

    def names(self) -> list[str]:
        return [process.name for process in self._plan().processes]

    def status(self, *, ask: bool = False) -> list[ProcessStatus]:
        """Each process of the stack; an empty list if it is not up.

        `ask`: the web processes too, about their hot copies; half a second at most if one of them does not answer.
        """
        plan = Plan.read(self._run_dir.state_file)
        if plan is None:
            return []
        try:
            states = self._supervisor.states()
        except SupervisorGone:
            states = {}
        return status_of_plan(plan, states, ask=ask)

    def pid(self, name: str) -> int:
        """Its pid; 0 while it does not run."""
        return self._supervisor.states()[self._own(name).unit].pid

    def address(self, name: str) -> str:
        return self._process(name).address

    def admin_address(self, name: str) -> str:
        address = self._process(name).admin_address
        if address is None:
            raise Misuse(f"{name} has no admin address.")
        return address

    def environ_of(self, name: str) -> dict[str, str]:
        """What the process was started with; a newborn one may be started with the same on another port."""
        return dict(self._own(name).environ)

    def logs(self, name: str) -> Path:
        """Its log file (rotated: `.1` is the one before)."""
        return self._run_dir.log_of(self._own(name).name)

    def all_logs(self) -> dict[str, Path]:
        """The log files of all processes by name, those of slots that may be used later too."""
        names = dict.fromkeys(all_units(self._plan()).values())
        return {name: self._run_dir.log_of(name) for name in names}

    def ready(self, name: str) -> bool:
        return readiness.answers(self._process(name))

    def wait_ready(self, name: str, deadline_seconds: float = READY_SECONDS) -> None:
        """Wait for a process that may have died on the way; raises StartFailed after the deadline."""
        process = self._own(name)
        if not wait_until(lambda: readiness.answers(process), deadline_seconds):
            raise did_not_start(self._run_dir, name, "did not become ready in time")

    def start(self, name: str) -> None:
        """Start it unless it runs, and wait until it is ready; a drained slot is opened again. Raises StartFailed."""
        with self._changing(name) as stack:
            process = stack.process(name)
            if not stack.runs(process.unit):
                stack.wait_ended(process)  # it may have been told to stop just before
            start_processes(self._supervisor, [process], self._say)
            if process.drained:
                open_again(stack, process)

    def stop(self, name: str) -> None:
        """Ask it to end, give it its time (draining, for a web process), and leave it stopped."""
        with self._changing(name) as stack:
            process = stack.process(name)
            stop_processes(self._supervisor, [process], "TERM", process.stop_seconds)

    def drain(self, name: str) -> None:
        """Move the users of a web process to others, let it end, and close its slot until `start`."""
        with self._changing(name, only=("web",)) as stack:
            drain_web(stack, [stack.process(name)])

    def restart(self, name: str) -> None:
        """Make before break for web processes and HAProxy: a successor takes over. Others are stopped and started.

        Raises StartFailed or StackError; a process that has a successor then serves on.
        """
        with self._changing(name) as stack:
            process = stack.process(name)
            if process.kind == "web" and stack.runs(process.unit):
                replace_web(stack, process)
            elif process.kind == "proxy" and stack.runs(process.unit):
                replace_proxy(stack)
            else:
                stop_processes(self._supervisor, [process], "TERM", process.stop_seconds)
                start_processes(self._supervisor, [process], self._say)

    def roll(self, settings: Mapping[str, str] | None = None) -> None:
        """A new release: the code as it can be imported now, and these settings over those that were.

        "" takes a setting back to its default. Every web process, one at a time and make before break; then the worker.
        Raises Misuse for a setting that cannot be changed this way, StartFailed if a process does not become ready:
        then all run the release before.
        """
        given = dict(settings or {})
        check_changeable(given)
        with self._changing() as stack:
            current = current_release(stack, self._releases)
            wanted = {name: value for name, value in {**current.settings, **given}.items() if value}
            release = self._releases.from_modules(self._app.code, wanted)
            self._say("preparing the database and the bucket")
            prepare_stores(self._app, self._run_dir, released(stack.plan.of_kind("web")[0], release))
            self._roll_out(stack, release)

    def rollback(self) -> None:
        """Back to the code and settings of the release before, whatever became of the checkout; again: further back.

        After an interrupted change: back to the release it came from. Raises Misuse if there is none.
        """
        with self._changing() as stack:
            history = release_before(stack.plan)
            roll_out(stack, self._releases, self._releases.load(history[-1]), history)

    def sticky(self, on: bool) -> None:
        """Toggle the mode: web processes one at a time, then HAProxy. Nothing to do if it is so already."""
        with self._changing() as stack:
            current = current_release(stack, self._releases)
            wanted = {**current.settings, "STICKY_MODE": "on" if on else "off"}
            mode = "sticky" if on else "stateless"
            if all(process.mode == mode for process in stack.plan.of_kind("web", "worker", "proxy")):
                return
            self._roll_out(stack, self._releases.like(current, wanted))

    def scale(self, count: int) -> None:
        """That many web processes, by the slots that HAProxy has from the beginning. Raises Misuse or StartFailed."""
        with self._changing() as stack:
            scale(stack, count, current_release(stack, self._releases))

    def replace_proxy(self) -> None:
        """A new HAProxy takes over from the one that runs, which ends when its clients have their answers."""
        self.restart(next(process.name for process in self._plan().of_kind("proxy")))

    def kill(self, name: str) -> None:
        """SIGKILL. Returns when the process is dead; it is started again in its slot (see `wait_ready`)."""
        pid = self._supervisor.kill_process(self._own(name).unit)
        wait_until(lambda: self.pid(name) != pid, HURRY_SECONDS)

    def pause(self, name: str) -> None:
        """SIGSTOP: it keeps its connections and answers nothing."""
        self._signal(name, signal.SIGSTOP)
        wait_until(lambda: self._state(name) == "paused", HURRY_SECONDS)

    def resume(self, name: str) -> None:
        self._signal(name, signal.SIGCONT)
        wait_until(lambda: self._state(name) != "paused", HURRY_SECONDS)

    # How

    @contextlib.contextmanager
    def _changing(self, name: str | None = None, *, only: Sequence[str] = ()) -> Iterator[RunningStack]:
        """Under the lock, with a plan that is true. Stores and metrics may be stopped and started in between."""
        if name is not None:
            process = self._own(name)
            if only and process.kind not in only:
                raise Misuse(f"{name} is no {' or '.join(only)} process.")
            if process.kind not in CHANGED_ALONE:
                yield self._running()
                return
        self._plan()
        with UpLock(self._run_dir.lock_file):
            stack = self._running()
            stack.repair()
            yield stack

    def _roll_out(self, stack: RunningStack, release: Release) -> None:
        history = stack.plan.releases
        if history[-1] != release.id:
            history = [*history, release.id]
        roll_out(stack, self._releases, release, history)

    def _running(self) -> RunningStack:
        return RunningStack(self._run_dir, self._supervisor, self._plan(), self._say)

    def _signal(self, name: str, number: signal.Signals) -> None:
        pid = self.pid(name)
        if not pid:
            raise StackError(f"{name} does not run.")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def _state(self, name: str) -> str:
        process = self._own(name)
        return status_of(process, self._supervisor.states()[process.unit]).state

    def _plan(self) -> Plan:
        # Read anew each time: another process may have taken the stack down and up again.
        plan = Plan.read(self._run_dir.state_file)
        if plan is None:
            raise StackError(f"No stack is running in {self._run_dir.path}; start one with: hotseat up")
        return plan

    def _process(self, name: str) -> PlannedProcess:
        processes = self._plan().processes
        for process in processes:
            if process.name == name:
                return process
        known = ", ".join(process.name for process in processes)
        raise Misuse(f"There is no process {name!r}; there are: {known}.")

    def _own(self, name: str) -> PlannedProcess:
        process = self._process(name)
        if process.external:
            raise Misuse(f"{name} is used at {process.address} and not run by this stack.")
        return process

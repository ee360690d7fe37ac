"""Taking a stack down: asked in order through supervisord, if that answers; whatever is left is ended by its marker."""

import contextlib
import shutil

import psutil

from deploy.local.errors import StackError
from deploy.local.leftovers import end_leftovers, find_leftovers
from deploy.local.places import RunDir
from deploy.local.processes import STOP_ORDER, Plan, PlannedProcess
from deploy.local.supervision import Supervisor
from deploy.local.waiting import wait_until

HURRY_SECONDS = 3.0


def take_down(run_dir: RunDir, supervisor: Supervisor) -> None:
    """Nothing of the stack runs afterwards, whatever state it was in."""
    with contextlib.suppress(StackError):
        for left in find_leftovers(run_dir.path):
            with contextlib.suppress(psutil.Error):
                left.process.resume()  # a paused process or supervisord would not hear us
        plan = Plan.read(run_dir.state_file)
        processes = [*plan.own(), *plan.aside] if plan else []
        for kinds in STOP_ORDER:
            # A web process takes SIGINT as "hurry": it finishes what is in flight and does not drain.
            signal_name = "INT" if "web" in kinds else "TERM"
            stop_processes(supervisor, [process for process in processes if process.kind in kinds], signal_name)
        supervisor.shut_down()
        wait_until(lambda: not supervisor.answers(), HURRY_SECONDS)
    clear(run_dir)


def clear(run_dir: RunDir) -> None:
    """End what nobody supervises, and remove what only a running stack has."""
    end_leftovers(run_dir.path)
    shutil.rmtree(run_dir.sockets, ignore_errors=True)
    for file in (run_dir.supervisor_pid_file, run_dir.mongodb_pid_file, run_dir.state_file, run_dir.haproxy_state_file):
        file.unlink(missing_ok=True)


def stop_processes(
    supervisor: Supervisor, processes: list[PlannedProcess], signal_name: str, seconds: float = HURRY_SECONDS
) -> None:
    """Ask them to end, wait until all have; after `seconds` those that did not are killed."""
    for process in processes:
        supervisor.stop_process(process.unit, signal_name, seconds)

    def stopped() -> bool:
        states = supervisor.states()
        return all(states[process.unit].state in ("STOPPED", "FATAL", "EXITED") for process in processes)

    wait_until(stopped, seconds + HURRY_SECONDS)

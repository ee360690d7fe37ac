"""Fewer and more web processes, through the slots that HAProxy has from the beginning: no reload."""

from collections.abc import Sequence
from dataclasses import replace

from deploy.local.processes import PlannedProcess
from deploy.local.replacing import DRAIN
from deploy.local.running import RunningStack


def drain_web(stack: RunningStack, leaving: Sequence[PlannedProcess]) -> None:
    """They move their users and end, all at the same time; then their slots are closed."""
    for process in leaving:
        stack.say(f"draining {process.name}")
        stack.supervisor.stop_process(process.unit, DRAIN, process.stop_seconds)
    stack.wait_ended(*leaving)
    closed = [replace(process, drained=True) for process in leaving]
    stack.save(stack.plan.with_processes(*closed))
    stack.close_slots(closed)


def open_again(stack: RunningStack, process: PlannedProcess) -> None:
    """The slot of a process that was drained and is ready again."""
    opened = replace(process, drained=False)
    stack.save(stack.plan.with_processes(opened))
    stack.open_slot(opened)

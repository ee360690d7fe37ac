"""Fewer and more web processes, through the slots that HAProxy has from the beginning: no reload."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from deploy.local.errors import Misuse, StackError
from deploy.local.processes import PlannedProcess, in_slot, ports_of, released
from deploy.local.releases import Release
from deploy.local.replacing import DRAIN, give_up, on_ports, try_out
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


def scale(stack: RunningStack, count: int, release: Release) -> None:
    """As many web processes as `count`: new ones in the lowest free slots, or the highest ones drained."""
    web = sorted(stack.plan.of_kind("web"), key=lambda process: process.slot)
    most = int(web[0].environ["WEB_SLOTS"])
    if not 1 <= count <= most:
        raise Misuse(f"{count} web processes cannot be had; give a number from 1 to {most} (WEB_SLOTS).")
    if count > len(web):
        free = [slot for slot in range(1, most + 1) if slot not in {process.slot for process in web}]
        _add(stack, released(web[0], release), free[: count - len(web)])
    elif count < len(web):
        leaving = web[count:]
        drain_web(stack, leaving)
        stack.save(stack.plan.without(*(process.name for process in leaving)))


def _add(stack: RunningStack, like: PlannedProcess, slots: Sequence[int]) -> None:
    newcomers: list[PlannedProcess] = []
    for slot in slots:
        taken = ports_of(newcomers)
        newcomers.append(on_ports(in_slot(like, slot), stack, taken))
    stack.say(f"starting {', '.join(process.name for process in newcomers)}")
    try_out(stack, newcomers)
    before = stack.plan
    stack.save(before.without_aside(*(process.unit for process in newcomers)).with_more(*newcomers))
    try:
        for process in newcomers:
            stack.open_slot(process)
    except BaseException:
        stack.save(before)
        with contextlib.suppress(StackError):
            stack.close_slots(newcomers)
        give_up(stack, newcomers)
        raise

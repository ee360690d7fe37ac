"""One process replaced by its successor, make before break: nobody is without a server, and no user moves.

The successor starts in the slot's other lane, on ports of its own. It takes over when it is ready; one that dies, or is
not ready in time, is ended and nothing has changed. The order is safe against being killed at any point: the plan names
the successor before it is started, makes it the current one before HAProxy is told, and forgets the old process when
it has ended (`RunningStack.repair` does what is left to do).
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace

from deploy.local import readiness
from deploy.local.errors import StackError
from deploy.local.ports import free_ports
from deploy.local.processes import PlannedProcess
from deploy.local.running import NO_STATES, RunningStack, loopback
from deploy.local.starting import start_processes
from deploy.local.stopping import HURRY_SECONDS

PORT_VARIABLES = ("PORT", "ADMIN_PORT")
RETIRE, DRAIN, HURRY = "USR1", "TERM", "INT"


def replace_web(stack: RunningStack, new: PlannedProcess) -> None:
    """Returns when the successor serves and the old process has ended. `new` is the old one, changed or not.

    One that does not run is not started; the plan has the change. Raises StartFailed or StackError: the old process
    serves on, and the plan is as it was.
    """
    old = stack.process(new.name)
    if not stack.runs(old.unit):
        stack.save(stack.plan.with_processes(new))
        return
    new = moved(new, stack)
    stack.say(f"starting the successor of {old.name}")
    try_out(stack, [new])
    _take_over(stack, old, new)
    stack.say(f"waiting for the old {old.name} to end")
    stack.end_aside(old, RETIRE)


def replace_proxy(stack: RunningStack, new: PlannedProcess | None = None) -> None:
    """A new HAProxy, with the environment of `new`, beside the old one until that has answered its last client.

    The new one inherits the listening sockets (`-x`, so no connection is refused) and what is known of the slots (the
    server-state file). The old one is then told to finish, by its supervisor rather than by `-sf`: it must neither be
    started again nor be told before the new one is ready. A client that stays quiet keeps it for up to 15 s, one that
    downloads for up to 30 s; until then no slot may be moved, since the old one would not hear of it.
    """
    old = stack.plan.of_kind("proxy")[0]
    if not stack.runs(old.unit):
        stack.save(stack.plan.with_processes(new or old))
        return
    new = replace(new or old, unit=old.other_unit)
    newcomer = replace(new, command=[*new.command, "-x", new.environ["HAPROXY_SOCKET"]])
    stack.say("starting another HAProxy")
    stack.run_dir.haproxy_state_file.write_text(stack.proxy.servers_state())
    try:
        try_out(stack, [newcomer], stack.proxy_is)
    finally:
        stack.run_dir.haproxy_state_file.write_text(NO_STATES)
    # From here on it is started by its plain command, should it have to be started again.
    stack.save(stack.plan.without_aside(new.unit).with_processes(new).with_aside(old))
    stack.say("waiting for the old HAProxy to end")
    stack.end_aside(old, RETIRE)


def moved(process: PlannedProcess, stack: RunningStack) -> PlannedProcess:
    """The same in the other lane, on free ports."""
    return on_ports(replace(process, unit=process.other_unit), stack)


def on_ports(process: PlannedProcess, stack: RunningStack, taken: frozenset[int] = frozenset()) -> PlannedProcess:
    port, admin_port = free_ports(2, avoid=stack.ports() | taken)
    return replace(
        process,
        address=loopback(port),
        admin_address=loopback(admin_port),
        environ={**process.environ, "PORT": str(port), "ADMIN_PORT": str(admin_port)},
    )


def try_out(
    stack: RunningStack,
    newcomers: list[PlannedProcess],
    is_ready: Callable[[PlannedProcess], bool] = readiness.answers,
) -> None:
    """Start these aside and wait until all are ready. If that fails, or is interrupted, they are ended again."""
    stack.save(stack.plan.with_aside(*newcomers))
    try:
        start_processes(stack.supervisor, newcomers, stack.say, is_ready)
    except BaseException:
        give_up(stack, newcomers)
        raise


def give_up(stack: RunningStack, newcomers: list[PlannedProcess]) -> None:
    """End them in a hurry: nobody was sent to them."""
    for newcomer in newcomers:
        stack.supervisor.stop_process(newcomer.unit, HURRY, HURRY_SECONDS)
    stack.wait_ended(*newcomers)
    stack.save(stack.plan.without_aside(*(newcomer.unit for newcomer in newcomers)))


def _take_over(stack: RunningStack, old: PlannedProcess, new: PlannedProcess) -> None:
    before = stack.plan
    stack.save(before.without_aside(new.unit).with_processes(new).with_aside(old))
    try:
        stack.open_slot(new)
    except BaseException:
        stack.save(before)
        with contextlib.suppress(StackError):  # HAProxy may have done what it did not answer
            stack.open_slot(old)
        give_up(stack, [new])
        raise

"""What a running stack lends to commands that work on it: its settings (`hotseat seed`), its Prometheus.

The settings are registered under `hotseat.environments`: the command line asks here before such a command runs, so
that nobody has to copy addresses and keys by hand. What is set in the shell wins.
"""

from deploy.local.processes import STACK_MARKER
from deploy.local.settings import machine_environ, run_dir_of
from deploy.local.stack import Stack


def running_environ() -> dict[str, str]:
    """What the web processes of the stack in `HOTSEAT_RUN_DIR` were started with; nothing if none is running."""
    machine = machine_environ()
    stack = Stack(run_dir_of(machine), machine)
    first = next((name for name in stack.names() if name.startswith("web-")), None) if stack.running() else None
    if first is None:
        return {}
    return {name: value for name, value in stack.environ_of(first).items() if name != STACK_MARKER}


def running_prometheus() -> str:
    """Where the Prometheus of the stack in `HOTSEAT_RUN_DIR` answers. Raises StackError if none is running."""
    machine = machine_environ()
    return Stack(run_dir_of(machine), machine).address("prometheus")

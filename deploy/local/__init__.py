"""One machine, no containers: the whole stack as supervised processes.

stack = Stack(Path(".run"), {**os.environ, "STICKY_MODE": "on"})
stack.up()
stack.kill("web-2")
stack.wait_ready("web-2")
stack.down()
"""

from deploy.local.errors import Misuse, StackError, StartFailed
from deploy.local.lending import running_prometheus
from deploy.local.ports import free_ports
from deploy.local.processes import AppCommands
from deploy.local.programs import Programs
from deploy.local.proxy import slot_cookie
from deploy.local.single import RunningStore, single_store
from deploy.local.stack import Stack
from deploy.local.status import ProcessStatus

__all__ = [
    "AppCommands",
    "Misuse",
    "ProcessStatus",
    "Programs",
    "RunningStore",
    "Stack",
    "StackError",
    "StartFailed",
    "free_ports",
    "running_prometheus",
    "single_store",
    "slot_cookie",
]

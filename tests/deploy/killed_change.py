"""A change that is killed half-way: `killed_change.py RUN_DIR PLACE COUNT CHANGE [ARGUMENT]`.

Like `kill -9` of the command when it has just done PLACE (module.function, module.Class.method) for the COUNT-th time.
"""

import importlib
import os
import signal
import sys
from pathlib import Path

from deploy.local import AppCommands, Stack

run_dir, place, count, change, *arguments = sys.argv[1:]
module_name, *path, name = place.split(".")
owner = importlib.import_module(f"deploy.local.{module_name}")
for part in path:
    owner = getattr(owner, part)
original = getattr(owner, name)
left = int(count)


def deadly(*given: object, **named: object) -> object:
    global left  # noqa: PLW0603 - this is the whole program
    result = original(*given, **named)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return result


setattr(owner, name, deadly)
stub = (sys.executable, str(Path(__file__).with_name("stub_app.py")))
app = AppCommands((*stub, "web"), (*stub, "worker"), (*stub, "release"), code=())
stack = Stack(Path(run_dir), dict(os.environ), app=app)
act = {
    "restart": stack.restart,
    "roll": lambda value: stack.roll({"LOG_LEVEL": value}),
    "scale": lambda value: stack.scale(int(value)),
    "sticky": lambda value: stack.sticky(on=value == "on"),
    "drain": stack.drain,
}
act[change](*arguments)
sys.exit("it was not killed")

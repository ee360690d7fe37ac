"""`hotseat up` with the stand-ins of stub_app.py for the application."""

import functools
import sys
from pathlib import Path

from deploy.local import AppCommands, Stack, commands

stub = (sys.executable, str(Path(__file__).with_name("stub_app.py")))
commands.Stack = functools.partial(  # type: ignore[misc,assignment]
    Stack, app=AppCommands((*stub, "web"), (*stub, "worker"), (*stub, "release"), code=())
)
commands.up()

"""Versions of the application whose web processes do not become ready, whatever is released with them.

A release keeps the code of the modules it is told; one more of them is `sitecustomize`, which Python imports at its
start, and which lets web processes end there, or wait for ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import AppCommands, Stack

DIES = "import os\n    os._exit(3)"
HANGS = "import time\n    time.sleep(600)"
_CODE = """
import sys

if "web" in sys.orig_argv:
    {fate}
"""


@contextmanager
def bad_version(stack: Stack, fate: str, folder: Path) -> Iterator[Stack]:
    """The same running stack, whose next release is bad."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_CODE.format(fate=fate))
    commands = AppCommands()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        run_dir = stack.logs("web-1").parents[1]
        yield Stack(run_dir, {}, app=replace(commands, code=(*commands.code, "sitecustomize")))

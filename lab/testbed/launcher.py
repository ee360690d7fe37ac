"""Starts a process of the application inside the lab: `python -m lab.testbed.launcher FOLDER web`.

FOLDER is the lab's. Its `launch.json` says by INSTANCE_ID at which ports of the loopback the process finds its stores
(its wires), and which file tells how far off its clock is. Who is not named there is started as it is.
"""

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lab.testbed.clocks import hang_up

HOST = "127.0.0.1"
FILE = "launch.json"


def main() -> None:
    _, folder, *arguments = sys.argv
    launch(json.loads((Path(folder) / FILE).read_text()).get(os.environ.get("INSTANCE_ID", ""), {}))
    sys.argv = ["hotseat", *arguments]
    runpy.run_module("hotseat", run_name="__main__", alter_sys=True)


def launch(told: dict[str, Any]) -> None:
    """Change this process's environment and clock: `ports` by the variable of an address, `clock` a file."""
    for variable, port in told.get("ports", {}).items():
        os.environ[variable] = through(os.environ[variable], port)
    if told.get("clock"):
        hang_up(Path(told["clock"]))


def through(url: str, port: int) -> str:
    """The same service by way of a wire."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}{HOST}:{port}"))


if __name__ == "__main__":
    main()

"""Draws the pictures of the dashboards anew: a stack of its own under steady load, both modes, each with a kill and a
rolling restart, and the load still there when they are drawn."""

import io
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from eventful import crash
from PIL import Image

from deploy.local import Stack
from lab.load.load_process import LoadProcess, Wanted
from lab.surroundings import site_environ
from lab.workload import load_workload

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
USERS, RATE = 24, 20.0
# Sign-ups and the first look at each board are over by then; the windows of rates too.
SETTLED_SECONDS = 75.0
CALM_SECONDS = 45.0
DOWN_SECONDS = 6.0  # of the slot of a process that is killed, and whoever comes in its place
WIDTH, COLOURS = 1440, 255


def main() -> None:
    environ = {**site_environ(), "STICKY_MODE": "off", "HTTP_PORT": "0", "SCRAPE_SECONDS": "2"}
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "run", environ)
        try:
            stack.up()
            workload = replace(load_workload("social"), users=USERS)
            with LoadProcess(Wanted(workload, stack.url, rate=RATE)) as load:
                load.start(rung="stateless")
                time.sleep(SETTLED_SECONDS)
                began = time.time()
                _happens(stack, "web-2")
                stack.sticky(True)
                load.mark("measured", "sticky")
                _happens(stack, "web-1")
                _draw(stack, began, Path(folder) / "drawn")
                load.stop()
        finally:
            stack.down()


def _happens(stack: Stack, killed: str) -> None:
    time.sleep(CALM_SECONDS)
    crash(stack, killed, DOWN_SECONDS)
    time.sleep(CALM_SECONDS)
    stack.roll()
    time.sleep(CALM_SECONDS)


def _draw(stack: Stack, began: float, out: Path) -> None:
    since = datetime.fromtimestamp(began).isoformat(timespec="seconds")  # noqa: DTZ006  # the command takes local time
    command = [sys.executable, "-m", "hotseat", "dashboards", "--prometheus", stack.address("prometheus")]
    subprocess.run([*command, "--from", since, "--out", str(out)], env=os.environ, check=True)
    for file in sorted(out.glob("*.png")):
        name = f"dashboard-{file.stem.removeprefix('hotseat-')}.png"
        (IMAGES / name).write_bytes(_small(file))


def _small(file: Path) -> bytes:
    with Image.open(file) as picture:
        size = (WIDTH, round(picture.height * WIDTH / picture.width))
        drawn = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS).quantize(COLOURS)
    written = io.BytesIO()
    drawn.save(written, "PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    main()

"""A real Prometheus that remembers made-up figures: an hour of them, always the same, ending at `END`."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import Programs, free_ports
from deploy.local.readiness import http_status

END = 1_790_000_000.0  # a moment on a multiple of 10 s
SECONDS = 3600
EVERY = 10
FAILED_AT = END - 600  # from here on web-2 fails for a minute

_CONFIG = "global:\n  scrape_interval: 10s\n"
_METRICS = (
    ("requests_total", "counter", {"job": "web", "instance": "web-1"}, lambda age: 2.0 * age),
    ("requests_total", "counter", {"job": "web", "instance": "web-2"}, lambda age: 1.0 * age),
    ("requests_total", "counter", {"job": "worker", "instance": "worker-1"}, lambda age: 0.5 * age),
    ("held_bytes", "gauge", {"job": "web", "instance": "web-1"}, lambda age: 3 * 2.0**20),
    ("held_bytes", "gauge", {"job": "web", "instance": "web-2"}, lambda age: 1.5 * 2.0**20),
    ("up", "gauge", {"job": "web", "instance": "web-1"}, lambda age: 1.0),
    (
        "up",
        "gauge",
        {"job": "web", "instance": "web-2"},
        lambda age: float(not 0 <= END - SECONDS + age - FAILED_AT < 60),
    ),
    ("up", "gauge", {"job": "worker", "instance": "worker-1"}, lambda age: 1.0),
    (
        "began_seconds",
        "gauge",
        {"job": "web", "instance": "web-2"},
        lambda age: FAILED_AT + 60 if END - SECONDS + age > FAILED_AT + 60 else END - 90_000,
    ),
)


@contextmanager
def recorded(folder: Path, programs: Programs) -> Iterator[str]:
    """Where it answers."""
    found = programs.need("prometheus", "promtool")
    (folder / "figures.txt").write_text(_open_metrics())
    (folder / "prometheus.yml").write_text(_CONFIG)
    subprocess.run(
        [found["promtool"], "tsdb", "create-blocks-from", "openmetrics", folder / "figures.txt", folder / "data"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    [port] = free_ports(1)
    command = [
        found["prometheus"],
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
    ]
    command += ["--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen(command)
    try:
        _wait(f"http://127.0.0.1:{port}/-/ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _open_metrics() -> str:
    lines, told = [], set()
    for name, kind, labels, value in _METRICS:
        family = name.removesuffix("_total")
        if family not in told:
            lines.append(f"# TYPE {family} {kind}")
            told.add(family)
        written = ",".join(f'{key}="{text}"' for key, text in labels.items())
        ages = range(0, SECONDS + 1, EVERY)
        lines += [f"{name}{{{written}}} {value(age)} {END - SECONDS + age:.0f}" for age in ages]
    return "\n".join([*lines, "# EOF", ""])


def _wait(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if http_status(url) == 200:
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, "Prometheus does not answer"
        time.sleep(0.05)

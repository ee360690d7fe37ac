"""Prometheus: its command and its files.

Targets are read from a file that may change while it runs, so slots may come and go without a restart.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from deploy.local.places import RunDir

_CONFIG = """\
# Written by `hotseat up`.
global:
  scrape_interval: 5s
  scrape_timeout: 4s
scrape_configs:
  - job_name: hotseat
    file_sd_configs:
      - files: [targets.json]
        refresh_interval: 5s
"""


class Scraped(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def admin_address(self) -> str | None: ...


def prometheus_command(program: Path, run_dir: RunDir, address: str) -> list[str]:
    return [
        str(program),
        f"--config.file={_folder(run_dir) / 'prometheus.yml'}",
        f"--storage.tsdb.path={run_dir.data / 'prometheus'}",
        "--storage.tsdb.retention.time=3d",
        "--storage.tsdb.retention.size=512MB",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]


def write_prometheus_files(run_dir: RunDir, processes: Iterable[Scraped]) -> None:
    folder = _folder(run_dir)
    folder.mkdir(exist_ok=True)
    (folder / "prometheus.yml").write_text(_CONFIG)
    write_targets(run_dir, processes)


def write_targets(run_dir: RunDir, processes: Iterable[Scraped]) -> None:
    """Prometheus reads them anew within seconds."""
    folder = _folder(run_dir)
    targets = [
        {"targets": [process.admin_address], "labels": {"job": process.kind, "instance": process.name}}
        for process in processes
        if process.admin_address
    ]
    partial = folder / "targets.partial"
    partial.write_text(json.dumps(targets, indent=1))
    partial.replace(folder / "targets.json")


def _folder(run_dir: RunDir) -> Path:
    return run_dir.path / "prometheus"

"""Prometheus: its command and its files.

Targets are read from a file that may change while it runs, so slots may come and go without a restart. Its rules and
alerts are those of `dashboards/generated`, as they were when the stack was started.
"""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from deploy.local.places import DASHBOARDS, RunDir

_MOST_TIMEOUT_SECONDS = 4

_CONFIG = """\
# Written by `hotseat up`.
global:
  scrape_interval: {scrape}s
  scrape_timeout: {timeout}s
scrape_configs:
  - job_name: hotseat
    file_sd_configs:
      - files: [targets.json]
        refresh_interval: 5s
rule_files: [rules/*.yml]
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


def write_prometheus_files(run_dir: RunDir, processes: Iterable[Scraped], *, scrape_seconds: int) -> None:
    folder = _folder(run_dir)
    folder.mkdir(exist_ok=True)
    (folder / "prometheus.yml").write_text(
        _CONFIG.format(scrape=scrape_seconds, timeout=min(scrape_seconds, _MOST_TIMEOUT_SECONDS))
    )
    write_targets(run_dir, processes)
    _copy_rules(folder / "rules")


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


def _copy_rules(folder: Path) -> None:
    """Those of a former stack that are no more are gone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in sorted(DASHBOARDS.glob("*.yml")):
        shutil.copyfile(file, folder / file.name)


def _folder(run_dir: RunDir) -> Path:
    return run_dir.path / "prometheus"

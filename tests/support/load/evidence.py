"""What a test of the whole stack found, in figures: for the reader of the run, and as JSON for later."""

import datetime
import json
import os
import platform
import re
from collections import Counter
from pathlib import Path
from typing import Any

from figures import Figures
from load.seen import Seen


class Evidence:
    """The figures of the test `name`."""

    def __init__(self, name: str, figures: Figures) -> None:
        self._name = name
        self._figures = figures
        self._found: dict[str, Any] = {}

    def note(self, **figures: Any) -> None:
        """Figures by their names."""
        self._found |= figures
        self._figures(", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in figures.items()))

    def phases(self, seen: Seen) -> None:
        """The requests of each phase, side by side."""
        for phase in seen.phases:
            self.note(**{phase.name: seen.during(phase.name).summary()})
        failed = Counter(f"{each.method} {each.route} {each.status or 'unanswered'}" for each in seen.failed)
        if failed:
            self.note(failed=dict(failed))

    def write(self, folder: Path) -> None:
        mode = next((mode for mode in ("stateless", "sticky") if mode in self._name), "both")
        content = {
            "name": self._name,
            "mode": mode,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()},
            "figures": self._found,
        }
        file = folder / f"{re.sub(r'[^A-Za-z0-9]+', '-', self._name).strip('-')}.json"
        file.write_text(json.dumps(content, indent=1) + "\n")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_shown(each)}" for name, each in value.items()) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")

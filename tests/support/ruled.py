"""Rules tried by `promtool test rules`: what they make of series that are given."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dashboards.rules import Group
from dashboards.rules.writing import text_of

EVERY_SECONDS = 15
Series = Mapping[str, str]
"""Series and their values in promtool's notation, one each 15 s: `0+2x40` begins with 0 and grows by 2 forty times."""


@dataclass
class Trial:
    """One history, and what is asked of it. Times are seconds from its beginning."""

    name: str
    series: Series
    asked: list[dict[str, Any]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    sample_seconds: int = EVERY_SECONDS

    def gives(self, at: float, expr: str, samples: Mapping[str, float]) -> None:
        """`expr` has these values, by their labels (`{}`, `{slo="latency"}`), at this time."""
        expected = [{"labels": labels, "value": value} for labels, value in samples.items()]
        self.asked.append({"expr": expr, "eval_time": f"{at:g}s", "exp_samples": expected})

    def tells(self, at: float, alert: str, *alerts: Mapping[str, Mapping[str, str]]) -> None:
        """Exactly these alerts of this name fire, each with its `exp_labels` and `exp_annotations`."""
        self.told.append({"eval_time": f"{at:g}s", "alertname": alert, "exp_alerts": list(alerts)})

    def written(self) -> dict[str, Any]:
        """As promtool reads it."""
        return {
            "name": self.name,
            "interval": f"{self.sample_seconds}s",
            "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
            "promql_expr_test": self.asked,
            "alert_rule_test": self.told,
        }


class Promtool:
    """`folder` takes its files."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder

    def check(self, *files: Path) -> None:
        """Fails if something is wrong with these files of rules."""
        self._run("check", "rules", *map(str, files))

    def try_out(self, groups: Sequence[Group], *trials: Trial, every_seconds: int = EVERY_SECONDS) -> None:
        """Fails if these rules do otherwise than the trials say."""
        (self._folder / "rules.yml").write_text(text_of(groups))
        tests = self._folder / "tests.yml"
        tests.write_text(
            json.dumps(
                {
                    "rule_files": ["rules.yml"],
                    "evaluation_interval": f"{every_seconds}s",
                    "group_eval_order": [group.name for group in groups],
                    "tests": [trial.written() for trial in trials],
                }
            )
        )
        self._run("test", "rules", str(tests))

    def _run(self, *arguments: str) -> None:
        done = subprocess.run([self._program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(done.stdout + done.stderr, pytrace=False)


WORDS = {"and", "or", "unless", "offset", "bool"}


def series_in(expr: str) -> set[str]:
    """The names of the series that an expression reads."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
    bare = re.sub(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)", "", bare)
    return set(re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()", bare)) - WORDS


def named(metric: str, **labels: str) -> str:
    """A series by its name and labels."""
    return f"{metric}{{{','.join(f'{label}={json.dumps(value)}' for label, value in labels.items())}}}"

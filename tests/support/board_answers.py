"""What a query answers about a history, and whether it can be read at all: promtool says, which is Prometheus."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EVERY_SECONDS = 15
VARIABLES = {
    "$__rate_interval": f"{4 * EVERY_SECONDS}s",
    "$__interval_ms": f"{1000 * EVERY_SECONDS}",
    "$__interval": f"{EVERY_SECONDS}s",
}

Series = Mapping[str, str]
"""Series and their values, one each 15 s, in promtool's words: `0+2x40` begins at 0 and grows by 2 forty times."""


class Asker:
    """`folder` takes what promtool reads."""

    def __init__(self, promtool: Path, folder: Path) -> None:
        self._promtool = promtool
        self._folder = folder

    def wrong(
        self,
        given: Series,
        at: float,
        query: str,
        answer: Mapping[str, float],
        *,
        mode: str = ".+",
        looking_back: int = 600,
    ) -> str:
        """What else than `answer`, rounded to a thousandth, the query gives after `at` seconds; "" if nothing.

        The board shows this mode, every job and instance, and the last `looking_back` seconds.
        """
        chosen = {**VARIABLES, "$__range": f"{looking_back}s", "$mode": mode, "$job": ".+", "$instance": ".+"}
        for variable, value in chosen.items():
            query = query.replace(variable, value)
        expected = [{"labels": labels, "value": value} for labels, value in answer.items()]
        asked = {"expr": f"round({query}, 0.001)", "eval_time": f"{at:g}s", "exp_samples": expected}
        series = [{"series": name, "values": values} for name, values in given.items()]
        trial = {"interval": f"{EVERY_SECONDS}s", "input_series": series, "promql_expr_test": [asked]}
        return self._told("test", {"evaluation_interval": f"{EVERY_SECONDS}s", "tests": [trial]})

    def unread(self, queries: Sequence[str]) -> str:
        """What Prometheus cannot read of these; "" if nothing."""
        rules = [{"record": f"asked:number{n}", "expr": query} for n, query in enumerate(queries)]
        return self._told("check", {"groups": [{"name": "asked", "rules": rules}]})

    def _told(self, how: str, what: Mapping[str, Any]) -> str:
        file = self._folder / "asked.yml"
        file.write_text(json.dumps(what))  # which is YAML
        command = [self._promtool, how, "rules", file]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""

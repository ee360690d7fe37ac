"""What is committed is what the code gives, and what Grafana's own models hold."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.generating import GENERATED, generated, write

# What Grafana's Prometheus source reads of an annotation and the SDK's models do not hold.
BEYOND_THE_SDK = ("target", "titleFormat", "textFormat", "useValueForTime")


def test_what_is_committed_is_what_the_code_gives() -> None:
    """Byte for byte, and no file besides."""
    assert {path.name: path.read_text() for path in GENERATED.iterdir()} == dict(generated())


def test_the_same_bytes_come_whatever_the_process(tmp_path: Path) -> None:
    """Nothing depends on the order of a set, the time, or the folder."""
    told = "import sys; from pathlib import Path; from dashboards.generating import write; write(Path(sys.argv[1]))"
    for seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", told, tmp_path / seed], env=environ, check=True)
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / seed).iterdir()} for seed in ("1", "2"))
    assert first == second == {path.name: path.read_bytes() for path in GENERATED.iterdir()}


def test_what_is_no_longer_generated_goes(tmp_path: Path) -> None:
    """A board that was renamed does not stay behind under its former name."""
    (tmp_path / "hotseat-former.json").write_text("{}")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(generated())


def test_grafanas_models_hold_everything_there_is(board: dict[str, Any]) -> None:
    """Decoded into them and encoded again it is the same: there is no key that Grafana does not know."""
    for mark in board["annotations"]["list"]:
        for key in BEYOND_THE_SDK:
            mark.pop(key)
    assert _through_the_models(board) == board


def test_a_key_that_grafana_does_not_know_is_noticed(board: dict[str, Any]) -> None:
    """At every depth: the models drop what they do not know."""
    for part in (board, board["panels"][1], board["panels"][1]["targets"][0], board["panels"][1]["fieldConfig"]):
        part["refreshh"] = True
        assert "refreshh" not in json.dumps(_through_the_models(board))
        del part["refreshh"]


def _through_the_models(board: dict[str, Any]) -> dict[str, Any]:
    register_default_plugins()  # else the inside of panels and queries is taken as it is
    encoded = json.dumps(Dashboard.from_json(board), cls=JSONEncoder)
    decoded: dict[str, Any] = json.loads(encoded)
    return decoded

"""Grafana beside the stack, where it is installed; it never is here, so a stand-in reads what the real one would read.

The real Grafana has never been started by these tests.
"""

import json
import re
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grafana_stand_in
import pytest
from fleet import run_dir

from deploy.local import Misuse, Stack
from deploy.local.grafana import Grafana, find_grafana
from deploy.local.leftovers import find_leftovers
from deploy.local.places import DASHBOARDS

Unpack = Callable[..., Path]


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    """`unpack("grafana-server")` is a home with conf/defaults.ini and that program, the stand-in, in its bin."""

    def make(*programs: str, folder: str = "home", defaults: bool = True) -> Path:
        home = tmp_path / folder
        (home / "bin").mkdir(parents=True)
        for name in programs:
            program(home / "bin" / name)
        if defaults:
            (home / "conf").mkdir()
            (home / "conf" / "defaults.ini").touch()
        return home

    return make


def program(file: Path) -> Path:
    lines = ("import sys", f"sys.path.insert(0, {str(Path(grafana_stand_in.__file__).parent)!r})")
    lines += ("import grafana_stand_in", f"grafana_stand_in.main({file.name!r}, sys.argv[1:])")
    file.write_text("\n".join((f"#!{sys.executable}", *lines, "")))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def asked(stack: Stack, path: str) -> Any:
    address = (stack.dashboards_url or "").removeprefix("http://")
    with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
        return json.load(answer)


def up(environ: dict[str, str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """`hotseat up --detach` with the stand-ins of the application, in that folder."""
    command = [sys.executable, str(Path(__file__).with_name("stub_up.py")), "--detach"]
    environ = {**environ, "HOTSEAT_RUN_DIR": str(folder), **more}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=110, check=False)


@pytest.fixture
def with_grafana(stub_environ: dict[str, str], unpack: Unpack) -> dict[str, str]:
    """The environment of somebody who has Grafana unpacked, and settings of their own for it."""
    home = unpack("grafana")
    return {**stub_environ, "GRAFANA": "auto", "GRAFANA_HOME": str(home), "GF_SERVER_HTTP_PORT": "1"}


def test_the_one_in_grafana_home_comes_first(unpack: Unpack) -> None:
    """Whatever is on the PATH; as `grafana server`, or as its older program."""
    new, old = unpack("grafana", "grafana-server"), unpack("grafana-server", folder="old")
    on_path = unpack("grafana", folder="other") / "bin"
    assert find_grafana(str(new), str(on_path)) == Grafana((str(new / "bin" / "grafana"), "server"), new)
    assert find_grafana(str(old), str(on_path)) == Grafana((str(old / "bin" / "grafana-server"),), old)


def test_the_one_on_the_path_is_found_with_what_it_needs(unpack: Unpack, tmp_path: Path) -> None:
    """Through links; and not the script of packages, which puts the system's own settings first."""
    home = unpack("grafana", "grafana-server")
    links = tmp_path / "links"
    links.mkdir()
    (links / "grafana-server").symlink_to(home / "bin" / "grafana-server")
    assert find_grafana(None, str(links)) == Grafana((str(home / "bin" / "grafana"), "server"), home)
    brewed = unpack("grafana-server", folder="brewed", defaults=False)
    (brewed / "share" / "grafana" / "conf").mkdir(parents=True)
    (brewed / "share" / "grafana" / "conf" / "defaults.ini").touch()
    found = find_grafana(None, str(brewed / "bin"))
    assert found == Grafana((str(brewed / "bin" / "grafana-server"),), brewed / "share" / "grafana")


def test_none_is_said_in_a_sentence(unpack: Unpack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time what is missing."""
    monkeypatch.setattr("deploy.local.grafana._HOMES", ())
    with pytest.raises(Misuse, match="no grafana-server on the PATH, and GRAFANA_HOME is not set"):
        find_grafana(None, str(tmp_path))
    with pytest.raises(Misuse, match=r"GRAFANA_HOME=.* holds no Grafana \(bin/grafana and conf/defaults.ini\)"):
        find_grafana(str(tmp_path), "")
    lonely = unpack("grafana-server", folder="lonely", defaults=False)
    with pytest.raises(Misuse, match="not what Grafana needs beside it; set GRAFANA_HOME"):
        find_grafana(None, str(lonely / "bin"))


@pytest.mark.stack
def test_it_comes_up_with_everything_in_it_and_goes_with_the_stack(
    with_grafana: dict[str, str], stub_app: Any, tmp_path: Path
) -> None:
    """Its data source is this Prometheus, its dashboards are ours, anybody on this machine may look, nobody else."""
    stack = Stack(tmp_path / "run", {**with_grafana, "SCRAPE_SECONDS": "2"}, app=stub_app)
    try:
        stack.up()
        assert stack.ready("grafana")
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", stack.dashboards_url or "")
        [status] = [each for each in stack.status() if each.name == "grafana"]
        assert status.state in ("starting", "running")  # how young it may be is not of this test
        assert status.mode == "embedded"
        files = [json.loads(file.read_text()) for file in DASHBOARDS.glob("*.json")]
        assert len(files) == 4
        found = asked(stack, "/api/search?type=dash-db")
        assert {each["uid"] for each in found} == {file["uid"] for file in files}
        [source] = asked(stack, "/api/datasources")
        assert source["url"] == stack.address("prometheus")
        assert source["isDefault"]
        assert source["jsonData"]["timeInterval"] == "2s"
        assert "scrape_interval: 2s" in (run_dir(stack) / "prometheus" / "prometheus.yml").read_text()
        assert "SECRET_KEYS" not in stack.environ_of("grafana")
        stack.kill("grafana")
        stack.wait_ready("grafana")
        stack.restart("grafana")
        assert stack.ready("grafana")
    finally:
        stack.down()
    assert find_leftovers(run_dir(stack)) == []
    assert (run_dir(stack) / "data" / "grafana" / "grafana.db").exists()


@pytest.mark.stack
def test_up_says_where_to_look(with_grafana: dict[str, str], stub_app: Any, tmp_path: Path) -> None:
    """An address, below the one to browse."""
    folder = tmp_path / "run"
    try:
        said = up(with_grafana, folder)
        assert said.returncode == 0, said.stderr
        assert re.search(r"^Dashboards http://127\.0\.0\.1:\d+$", said.stdout, re.MULTILINE), said.stdout
    finally:
        Stack(folder, with_grafana, app=stub_app).down()


@pytest.mark.stack
def test_up_without_grafana_names_the_other_way(stub_environ: dict[str, str], stub_app: Any, tmp_path: Path) -> None:
    """In a line, whether it is missing or switched off; everything else is up."""
    folder, missing = tmp_path / "run", tmp_path / "nowhere"
    cases = {
        f"GRAFANA_HOME={missing} holds no Grafana": {"GRAFANA": "auto", "GRAFANA_HOME": str(missing)},
        "Grafana is switched off (GRAFANA=off)": {"GRAFANA": "off", "GRAFANA_PORT": "1"},
    }
    for why, more in cases.items():
        try:
            said = up(stub_environ, folder, **more)
            assert said.returncode == 0, said.stderr
            [line] = [line for line in said.stdout.splitlines() if "hotseat dashboards" in line]
            assert line.startswith(why)
            assert not re.search(r"^grafana\b", said.stdout, re.MULTILINE)
        finally:
            Stack(folder, stub_environ, app=stub_app).down()


@pytest.mark.stack
def test_one_that_does_not_answer_keeps_nobody_from_browsing(
    with_grafana: dict[str, str], stub_app: Any, tmp_path: Path
) -> None:
    """The stack is up; where to look for the reason is said."""
    (Path(with_grafana["GRAFANA_HOME"]) / "mute").touch()
    folder = tmp_path / "run"
    try:
        said = up(with_grafana, folder)
        assert said.returncode == 0, said.stderr
        assert "(Grafana does not answer yet; see: hotseat logs grafana)" in said.stdout
        assert "Browse http" in said.stdout
    finally:
        Stack(folder, with_grafana, app=stub_app).down()


@pytest.mark.stack
def test_a_port_that_is_taken_is_named(with_grafana: dict[str, str], stub_app: Any, tmp_path: Path) -> None:
    """As for every other port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        stack = Stack(tmp_path / "run", {**with_grafana, "GRAFANA_PORT": port}, app=stub_app)
        with pytest.raises(Misuse, match=rf"Port {port} \(GRAFANA_PORT\) is taken"):
            stack.up()
    assert [file.name for file in tmp_path.iterdir()] == ["home"]

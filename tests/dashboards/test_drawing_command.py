"""`hotseat dashboards`: what it writes, what it says, and how it says what cannot be done. A real Prometheus."""

import datetime
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sample_board as sample
from click.testing import CliRunner, Result
from recorded import END, recorded

from dashboards import command
from dashboards.drawing.board import Board
from deploy.local import Programs, free_ports

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, programs: Programs) -> Iterator[str]:
    with recorded(tmp_path_factory.mktemp("recorded"), programs) as url:
        yield url


@pytest.fixture
def boards() -> dict[str, Board]:
    """The dashboards there are; a test may change them."""
    return {
        "sample": sample.every_kind(),
        "other": sample.board(sample.panel("timeseries", {"expr": "nothing_at_all"}), title="The other", uid="other"),
    }


@pytest.fixture
def run(
    boards: dict[str, Board], clean_environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """`run("--last", "15m")` in a folder of its own, with no stack running."""
    monkeypatch.setattr(command, "load_boards", lambda: boards)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner(env=clean_environ).invoke(command.dashboards, [*arguments])

    return run


def then(*arguments: str) -> list[str]:
    """With the time of the recorded figures."""
    return ["--from", str(moment(END - 900)), "--to", str(moment(END)), *arguments]


def moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()


def test_it_writes_a_page_and_a_picture_of_each(run: Run, url: str, tmp_path: Path) -> None:
    """And says where, and what has nothing to show."""
    result = run(*then("--prometheus", url, "--out", "here"))
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in (tmp_path / "here").iterdir()) == ["dashboards.html", "other.png", "sample.png"]
    assert (tmp_path / "here" / "sample.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "here" / "dashboards.html").read_text()
    assert "kill web-2" in page
    assert "A sample" in page
    assert url in page
    assert "A sample  5 panels\n" in result.output
    assert "The other  1 panels, 1 of them with nothing to show" in result.output
    assert "Page and pictures: here/dashboards.html" in result.output


def test_a_folder_of_its_own_is_made_beside_the_reports_of_the_lab(run: Run, url: str, tmp_path: Path) -> None:
    """Nothing is written over."""
    assert run(*then("--prometheus", url, "--board", "other")).exit_code == 0
    [folder] = (tmp_path / "reports").iterdir()
    assert folder.name.endswith("-dashboards")
    assert sorted(file.name for file in folder.iterdir()) == ["dashboards.html", "other.png"]


def test_what_is_shown_can_be_narrowed(run: Run, url: str, tmp_path: Path) -> None:
    """To a kind of process, to single ones."""
    result = run(*then("--prometheus", url, "--instance", "web-1", "--job", "web", "--out", "here"))
    assert result.exit_code == 0, result.output
    page = (tmp_path / "here" / "dashboards.html").read_text()
    assert "instance: <b>web-1</b>" in page
    assert "Job: <b>web</b>" in page


@pytest.mark.parametrize(("named", "switched"), [("sticky", "on"), ("stateless", "off"), ("off", "off")])
def test_a_mode_is_called_by_its_name_or_by_its_switch(
    run: Run, url: str, boards: dict[str, Board], named: str, switched: str
) -> None:
    """`--mode sticky` is STICKY_MODE=on."""
    mode = {"name": "mode", "type": "custom", "query": "on,off", "multi": True, "includeAll": True}
    del boards["sample"]
    boards["other"] = sample.board(sample.panel("text"), templating={"list": [mode]}, annotations={"list": []})
    assert run(*then("--prometheus", url, "--mode", named, "--out", "here")).exit_code == 0
    assert f"mode: <b>{switched}</b>" in Path("here/dashboards.html").read_text()


def test_a_query_that_fails_is_told_and_the_rest_drawn(run: Run, url: str, boards: dict[str, Board]) -> None:
    """With exit code 1, and Prometheus's own words."""
    boards["other"] = sample.board(sample.panel("stat", {"expr": "sum("}, title="Broken"), title="The other")
    result = run(*then("--prometheus", url, "--out", "here"))
    assert result.exit_code == 1
    assert "Broken: " in result.output
    assert "parse error" in result.output
    assert Path("here/sample.png").exists()
    assert Path("here/other.png").exists()


def test_no_prometheus_is_a_sentence(run: Run) -> None:
    """Where nothing answers; what is no address; and where no stack runs, how to have one."""
    [port] = free_ports(1)
    nothing = run("--prometheus", f"http://127.0.0.1:{port}")
    assert nothing.exit_code == 1
    assert f"hotseat: There is no Prometheus at http://127.0.0.1:{port} (Connection refused)." in nothing.output
    assert "Name one with --prometheus URL." in nothing.output
    assert "is no address of a Prometheus" in run("--prometheus", "nonsense").output
    without = run()
    assert without.exit_code == 1
    assert "No stack is running in" in without.output
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--last", "soon"], "--last soon is no length of time"),
        (["--last", "1h", "--from", "now-1h"], "not both"),
        (["--board", "none"], "There is no dashboard none; there are sample, other."),
        (["--mode", "on"], "None of these dashboards can be narrowed by --mode."),
        (["--instance", "web-9"], "There is no instance web-9; Prometheus knows"),
    ],
)
def test_what_is_asked_wrongly_is_refused(run: Run, url: str, arguments: list[str], why: str) -> None:
    """Exit code 2, one line, nothing written."""
    result = run("--prometheus", url, *arguments)
    assert result.exit_code == 2, result.output
    assert why in result.output
    assert result.output.count("\n") == 1
    assert not Path("reports").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(run: Run, url: str, tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "file").touch()
    result = run(*then("--prometheus", url, "--out", "file/here", "--board", "other"))
    assert result.exit_code == 1
    assert result.output.startswith("hotseat: ")
    assert result.output.count("\n") == 1


def test_the_page_is_shown_if_wanted(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the browser of whoever asks."""
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    assert run(*then("--prometheus", url, "--board", "other", "--out", "here", "--open")).exit_code == 0
    [address] = shown
    assert address.startswith("file:///")
    assert address.endswith("/here/dashboards.html")


def test_the_dashboards_that_are_committed_are_drawn_by_the_command_line(url: str, tmp_path: Path) -> None:
    """All four, as anybody would call it."""
    program = str(Path(sys.executable).with_name("hotseat"))
    done = subprocess.run(
        [program, "dashboards", "--prometheus", url, *then("--out", str(tmp_path / "here"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    names = {"failover.png", "fleet.png", "promises.png", "sticky.png", "dashboards.html"}
    assert {file.name for file in (tmp_path / "here").iterdir()} == names


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path) -> None:
    """As the commands of the lab do."""
    (tmp_path / "matplotlib.py").write_text(
        "raise ModuleNotFoundError('No module named matplotlib', name='matplotlib')\n"
    )
    code = "import sys; from hotseat import main; sys.argv = ['hotseat', 'dashboards']; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "dashboards needs matplotlib, which is not installed; run: make .venv/.lab" in done.stderr

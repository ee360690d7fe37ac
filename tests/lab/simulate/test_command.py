"""`hotseat simulate`: what it prints, keeps, and refuses."""

import json
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lab.simulate import Run
from lab.simulate.command import simulate

SMALL = ("--fleet", "3,5", "--users-per-instance", "20", "--warm-seconds", "10", "--calm-seconds", "20")


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports go to a folder below the one where one is."""
    monkeypatch.chdir(tmp_path)


def _run(*options: str) -> Result:
    return CliRunner().invoke(simulate, [*SMALL, *options])


def test_it_prints_tables_and_words_and_keeps_both(tmp_path: Path) -> None:
    """A row for each size and routing; the sentences are in the file as on the terminal."""
    folder = tmp_path / "a" / "b"
    result = _run("--out", f"{folder}")
    assert result.exit_code == 0, result.output
    kept = json.loads((folder / "simulate.json").read_text())
    assert kept["complete"]
    assert [(each["instances"], each["routing"]) for each in kept["results"]] == [
        (size, routing) for size in (3, 5) for routing in ("sticky", "hash", "round robin")
    ]
    assert all(sentence in result.output for sentence in kept["words"])
    assert kept["options"]["seed"] == 1
    assert f"{kept['results'][3]['hit_rate'] * 100:.1f} %" in result.output
    assert "What was changed" in result.output


def test_every_run_leaves_a_report() -> None:
    """With the other commands' reports, if no folder is named: the figures, the page and its charts."""
    assert _run("--routing", "hash").exit_code == 0
    [folder] = Path("reports").iterdir()
    assert folder.name.endswith("-simulate")
    assert {"simulate.json", "report.html", "hot.png", "over-time.png"} <= {file.name for file in folder.iterdir()}


def test_a_report_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    """After the figures have been shown: they are not lost."""
    (tmp_path / "simulate.json").mkdir()
    found = _run("--routing", "hash", "--out", f"{tmp_path}")
    assert found.exit_code == 1
    assert "With 5 instances" in found.output
    assert "The report cannot be written into" in found.output


def test_changes_can_be_left_out() -> None:
    """Then there is one table."""
    result = _run("--changes", "none", "--routing", "hash")
    assert result.exit_code == 0, result.output
    assert "What was changed" not in result.output
    assert "sticky" not in result.output


def test_an_interrupted_run_prints_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs that were done, marked as not all."""
    done = []
    whole = Run.result

    def result(run: Run) -> object:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(run)
        return whole(run)

    monkeypatch.setattr(Run, "result", result)
    found = _run("--out", f"{tmp_path}")
    assert found.exit_code == 130
    assert "Interrupted: 2 of 6 runs are done." in found.output
    assert "With 3 instances" in found.output
    kept = json.loads((tmp_path / "simulate.json").read_text())
    assert (kept["complete"], len(kept["results"])) == (False, 2)
    assert "It was interrupted" in (tmp_path / "report.html").read_text()


def test_a_run_that_is_ended_before_its_first_result_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM is like Ctrl-C; there is a page, which says that there is nothing."""
    monkeypatch.setattr(Run, "result", lambda run: signal.raise_signal(signal.SIGTERM))
    found = _run("--out", f"{tmp_path}")
    assert found.exit_code == 130
    assert "Interrupted: 0 of 6 runs are done." in found.output
    assert "Nothing was simulated." in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--fleet", "3,many"), "--fleet takes whole numbers with commas between, such as 3,10,30, not 'many'."),
        (("--fleet", ","), "--fleet names nothing."),
        (("--fleet", "9000"), "A fleet has 1 to 5,000 instances here, not 9000."),
        (("--routing", "dice"), "There is no routing 'dice'; there are: sticky, hash, round robin."),
        (("--first-choice", "dice"), "The first choice is one of roundrobin, leastconn, not 'dice'."),
        (("--changes", "flood"), "There is no change 'flood'; there are: kill, restart, cold restart, grow, shrink."),
        (("--write-share", "2"), "Write share is a share, from 0 to 1, not 2.0."),
        (("--users", "0"), "There can be 1 to 10,000,000 users, not 0."),
    ],
)
def test_a_bad_option_gets_a_sentence(options: tuple[str, ...], said: str) -> None:
    """And nothing is begun."""
    result = _run(*options)
    assert result.exit_code == 2
    assert result.output == f"hotseat: {said}\n"


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    """Before anything is simulated."""
    (tmp_path / "file").write_text("")
    result = _run("--out", f"{tmp_path / 'file' / 'folder'}")
    assert result.exit_code == 2
    assert "cannot be made" in result.output

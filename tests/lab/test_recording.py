"""A history in memory is cut so that what is left can be judged: nobody is blamed for what was not kept."""

from dataclasses import dataclass
from pathlib import Path

from lab.checker import check
from lab.history import NEVER, Disturbance, Outcome, Request, read_history, write_history
from lab.load.recording import Recording


@dataclass
class Ann:
    """Notes what she does in the recording, in the order in which it ended."""

    recording: Recording

    def did(self, started: float, ended: float, number: int, *, wrote: bool, outcome: Outcome = "done") -> None:
        told = {"wrote" if wrote else "saw": {"name": number}}
        kind, method = ("write", "PUT") if wrote else ("read", "GET")
        self.recording.note(
            Request(started, ended, "ann", "ann/0", "ann/0#1", kind, method, "me", outcome, 200, **told)  # type: ignore[arg-type]
        )


def test_what_may_have_seen_a_write_that_is_not_kept_is_not_kept() -> None:
    """The write began before the read, and ended when there was no more room."""
    recording = Recording(most=4)
    ann = Ann(recording)
    ann.did(0, 1, 1, wrote=True)
    ann.did(1, 2, 1, wrote=False)
    ann.did(3, 5, 2, wrote=True, outcome="unknown")
    ann.did(4, 6, 3, wrote=False)
    ann.did(3, 7, 3, wrote=True)
    ann.did(8, 9, 3, wrote=False)
    kept = recording.history.requests
    assert [(each.started, each.ended) for each in kept] == [(0, 1), (1, 2), (3, 5)]
    assert (recording.kept, recording.not_kept) == (3, 3)
    assert check(recording.history).broken == ()


def test_a_refusal_that_a_missing_end_explains_is_not_kept() -> None:
    """Or a session would look as if it had got lost."""
    recording = Recording(most=2)
    ann = Ann(recording)
    told = {"user": "ann", "browser": "ann/0", "session": "ann/0#1", "outcome": "done", "status": 200}
    recording.note(Request(started=0, ended=1, kind="login", method="POST", route="login", **told))
    ann.did(2.1, 2.2, 1, wrote=True, outcome="refused")
    recording.note(Request(started=2, ended=3, kind="logout", method="POST", route="logout", **told))
    assert [each.kind for each in recording.history.requests] == ["login"]


def test_a_read_that_is_not_kept_takes_nothing_with_it() -> None:
    """Nobody can have seen it."""
    recording = Recording(most=2)
    ann = Ann(recording)
    ann.did(0, 1, 1, wrote=True)
    ann.did(2, 3, 1, wrote=False)
    ann.did(1, 4, 1, wrote=False)
    assert (recording.kept, recording.not_kept) == (2, 1)


def test_a_file_is_read_as_it_was_noted(tmp_path: Path) -> None:
    """Line by line, the same as a history that is written at once; also of a fault that never settled."""
    file, again = tmp_path / "one.history", tmp_path / "again.history"
    unsettled = Disturbance(1.5, 2.5, NEVER, "other", "kill", "web-2")
    with Recording(mode="sticky", file=file) as recording:
        Ann(recording).did(1, 2, 1, wrote=True)
        recording.disturbed(unsettled)
    history = read_history(file)
    assert (history.mode, len(history.requests), history.disturbances) == ("sticky", 1, [unsettled])
    write_history(history, again)
    assert read_history(again) == history

"""Who is told how far a run is."""

from typing import Protocol


class Progress(Protocol):
    """Is told what begins, and that a step is done."""

    def begins(self, what: str) -> None: ...

    def done(self) -> None: ...

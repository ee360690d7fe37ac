"""How many streams of events may be open in this process: each is a request, and HAProxy gives a server 128 of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.errors import Overloaded, TooMany

MOST_OPEN = 32
MOST_OF_A_PERSON = 3
RETRY_SECONDS = 5.0


class Streams:
    """Counts those that are open."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def opened(self, tag: str) -> Iterator[None]:
        """One more of this person's, for as long as the block lasts. Raises Overloaded, TooMany."""
        if self._open.total() >= MOST_OPEN:
            raise Overloaded("streams")
        if self._open[tag] >= MOST_OF_A_PERSON:
            raise TooMany("streams", f"You are following {MOST_OF_A_PERSON} exports already.", RETRY_SECONDS)
        self._open[tag] += 1
        try:
            yield
        finally:
            self._open[tag] -= 1
            if not self._open[tag]:
                del self._open[tag]

    def __len__(self) -> int:
        """How many are open."""
        return self._open.total()

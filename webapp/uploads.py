"""How much of uploads this process holds at once, in bytes: bounded for all of them, and for one person.

Room is taken for what a request announces, before its body is read, and given back once it has been answered: who was
let in is never broken off for want of room. Small bodies need none; so many requests are bounded by their number.
"""

from collections import Counter
from collections.abc import Callable

from webapp.errors import Overloaded, TooMany

SMALL_BYTES = 64 << 10
AGAIN_SECONDS = 5.0
ENOUGH = "You are sending as much as one may at once. Wait until it has arrived."


class Uploads:
    """The room of one process."""

    def __init__(self, *, most_bytes: int, most_bytes_of_one: int) -> None:
        self._most_bytes = most_bytes
        self._most_bytes_of_one = most_bytes_of_one
        self._held_of: Counter[str] = Counter()

    @property
    def held_bytes(self) -> int:
        """What has been taken."""
        return self._held_of.total()

    def take(self, person_id: str, size: int) -> Callable[[], None]:
        """Takes room for a body of `size` bytes; the answer gives it back, once, however often it is called.

        Raises TooMany where the person has too much, Overloaded where all have.
        """
        if size <= SMALL_BYTES:
            return lambda: None
        if self._held_of[person_id] + size > self._most_bytes_of_one:
            raise TooMany("body", ENOUGH, AGAIN_SECONDS)
        if self.held_bytes + size > self._most_bytes:
            raise Overloaded("uploads")
        self._held_of[person_id] += size
        owed = [size]

        def give_back() -> None:
            if owed:
                self._held_of[person_id] -= owed.pop()
                if not self._held_of[person_id]:
                    del self._held_of[person_id]

        return give_back

"""What the checker's rules say of one register, worked out the plain way: every request with every other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lab.history import Request

NAME = "name"


@dataclass(frozen=True)
class Plain:
    """How many requests bore on a promise, and how many broke it."""

    bore: int
    broken: int


class PlainRules:
    """Of requests that write and read `name`; each number is written once, nothing is stale or lost."""

    def __init__(self, requests: Sequence[Request], bound_seconds: float) -> None:
        self._bound_seconds = bound_seconds
        self._writes = {each.wrote[NAME]: each for each in requests if NAME in each.wrote}
        self._acks = [each for each in self._writes.values() if each.outcome == "done"]
        self._reads = sorted((each for each in requests if NAME in each.saw), key=lambda each: each.started)

    def own_writes(self) -> Plain:
        """P2"""
        return self._judged(lambda read: (w.wrote[NAME] for w in self._acks if _knew(read, w)))

    def monotonic(self) -> Plain:
        """P3"""
        before = [(read, [each for each in self._reads if _knew(read, each)]) for read in self._reads]
        older = [read for read, those in before if any(self._older(read.saw[NAME], each.saw[NAME]) for each in those)]
        wrong = [*older, *(each for each in self._reads if self._misses_own(each))]
        returned = [
            read
            for read, those in before
            if read not in wrong and any(self._back_and_forth(read, each) for each in those if each not in wrong)
        ]
        return Plain(sum(bool(those) for _, those in before), len(older) + len(returned))

    def bounded(self) -> Plain:
        """P5"""

        def known(read: Request) -> Iterator[int]:
            for each in (*self._acks, *self._reads):
                if each.browser != read.browser and each.ended < read.started - self._bound_seconds:
                    yield each.wrote[NAME] if each in self._acks else each.saw[NAME]

        return self._judged(known)

    def durable(self) -> Plain:
        """P1"""
        bore = broken = 0
        for write in self._acks:
            late = write.ended + self._bound_seconds
            looked = [each for each in self._reads if each.started > late]
            bore += bool(looked)
            tail = list(self._reads)
            while any(not self._older(each.saw[NAME], write.wrote[NAME]) for each in tail):
                tail.pop(0)
            before = self._reads[: len(self._reads) - len(tail)]
            seen = bool(before) and before[-1].started > late
            broken += any(each.started > late for each in tail) and not seen
        return Plain(bore, broken)

    def _misses_own(self, read: Request) -> bool:
        return any(self._older(read.saw[NAME], each.wrote[NAME]) for each in self._acks if _knew(read, each))

    def _judged(self, known: Callable[[Request], Iterable[int]]) -> Plain:
        bore = broken = 0
        for read in self._reads:
            numbers = list(known(read))
            bore += bool(numbers)
            broken += any(self._older(read.saw[NAME], number) for number in numbers)
        return Plain(bore, broken)

    def _back_and_forth(self, read: Request, other: Request) -> bool:
        """Whether the browser knew what it reads before it saw this other value."""
        number = read.saw[NAME]
        knew = [each for each in self._reads if each.saw[NAME] == number]
        knew += [each for each in self._acks if each.wrote[NAME] == number]
        return other.saw[NAME] != number and any(_knew(other, each) for each in knew)

    def _older(self, old: int, new: int) -> bool:
        """Whether one number had surely happened before the other was sent."""
        if new == 0:
            return False
        if old == 0:
            return True
        by = [each.ended for each in self._reads if each.saw[NAME] == old]
        by += [each.ended for each in self._acks if each.wrote[NAME] == old]
        return min(by) < self._writes[new].started


def _knew(later: Request, earlier: Request) -> bool:
    """Whether a browser had the answer to the one before it sent the other."""
    return earlier.browser == later.browser and earlier.ended < later.started

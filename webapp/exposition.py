"""The text that a scrape gets, made in slices between which the event loop turns: no request waits for all of it.

Format: Prometheus text, version 0.0.4. The head of each line, its name and labels, is kept from one scrape to the next:
series neither come nor go.

Not promised: that all of it is of one moment. What belongs to one metric is.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

SLICE_SECONDS = 0.001  # for as long as this the loop is kept, or for one metric or LINES lines if these take longer
LINES = 100
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

KINDS = {"info": ("_info", "gauge"), "counter": ("_total", "counter")}  # what the text calls them, and their kind there


class Sample(Protocol):
    """One series, and its value now."""

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> dict[str, str]: ...
    @property
    def value(self) -> float: ...


class Family(Protocol):
    """One metric with all its series."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def documentation(self) -> str: ...
    @property
    def samples(self) -> Sequence[Sample]: ...


class _Head(NamedTuple):
    name: str
    labels: dict[str, str]
    text: str


class Exposition:
    """Makes the text of what `collect` gives, one metric after the other."""

    def __init__(
        self, collect: Callable[[], Iterable[Family]], *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._collect = collect
        self._clock = clock
        self._heads: dict[str, list[_Head]] = {}

    async def text(self) -> bytes:
        """All of it."""
        pieces: list[str] = []
        since = self._clock()
        for piece in self._pieces():
            pieces.append(piece)
            if self._clock() - since >= SLICE_SECONDS:
                await asyncio.sleep(0)
                since = self._clock()
        return "".join(pieces).encode()

    def _pieces(self) -> Iterator[str]:
        for family in self._collect():
            suffix, kind = KINDS.get(family.type, ("", family.type))
            name = family.name + suffix
            yield f"# HELP {name} {_escaped(family.documentation)}\n# TYPE {name} {kind}\n"
            lines = self._lines(family)
            while some := "".join(islice(lines, LINES)):
                yield some

    def _lines(self, family: Family) -> Iterator[str]:
        heads = self._heads.setdefault(family.name, [])
        for place, sample in enumerate(family.samples):
            if place == len(heads):
                heads.append(_head(sample))
            head = heads[place]
            labels = sample.labels
            if head.name != sample.name or (head.labels is not labels and head.labels != labels):
                head = heads[place] = _head(sample)
            value = sample.value
            yield f"{head.text}{value!r}\n" if math.isfinite(value) else f"{head.text}{_unbounded(value)}\n"


def _head(sample: Sample) -> _Head:
    labels = ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in sample.labels.items())
    return _Head(sample.name, sample.labels, f"{sample.name}{{{labels}}} " if labels else f"{sample.name} ")


def _escaped(text: str, *, quoted: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quoted else text


def _unbounded(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"

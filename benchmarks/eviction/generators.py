"""Synthetic loads. The same seed and length give the same load, on every machine."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain, count, cycle, islice

from benchmarks.eviction.load import Load, seeded, weighed

KEYS = 20_000
MEDIAN_BYTES = {"page": 700, "scan": 700, "loop": 700, "session": 350, "board": 2400, "card": 500}


def synthetic_loads(seed: int, requests: int) -> list[Load]:
    """One load of each kind, each from its own random numbers."""
    return [make(name, seed, requests) for name in GENERATORS]


def make(name: str, seed: int, requests: int) -> Load:
    rng = seeded(name, seed)
    return weighed(name, list(islice(GENERATORS[name](rng), requests)), rng, MEDIAN_BYTES)


def zipf(rng: random.Random, exponent: float, keys: int = KEYS, kind: str = "page") -> Iterator[str]:
    """Key number k is asked for in proportion to 1 / k^exponent, whatever was asked for before."""
    cumulated = _zipf_cumulated(exponent, keys)
    while True:
        for number in rng.choices(range(keys), cum_weights=cumulated, k=1000):
            yield f"{kind}:{number}"


def drifting(rng: random.Random, exponent: float = 0.9, every: int = 2_000, step: int = 50) -> Iterator[str]:
    """A Zipf load whose ranks move on: what is popular now is forgotten later."""
    cumulated = _zipf_cumulated(exponent, KEYS)
    for shift in count(0, step):
        for number in rng.choices(range(KEYS), cum_weights=cumulated, k=every):
            yield f"page:{(number + shift) % KEYS}"


def scan() -> Iterator[str]:
    """Every key once, and never again."""
    return (f"scan:{number}" for number in count())


def loop(keys: int) -> Iterator[str]:
    """The same keys round and round: what was used longest ago is what comes next."""
    return (f"loop:{number}" for number in cycle(range(keys)))


def sessions(rng: random.Random, users: int = 6_000, at_once: int = 150, mean_clicks: int = 12) -> Iterator[str]:
    """Users arrive, click around their own session and board and other people's cards, and leave.

    Some users come far more often than others. An instance behind sticky sessions sees this.
    """
    arrivals = zipf(rng, 0.6, users, "user")
    cards = zipf(rng, 0.8, 8_000, "card")
    present = [_Visit(rng, next(arrivals), mean_clicks) for _ in range(at_once)]
    while True:
        place = rng.randrange(at_once)
        yield from present[place].click(rng, cards)
        if present[place].clicks_left == 0:
            present[place] = _Visit(rng, next(arrivals), mean_clicks)


def mixed(rng: random.Random, parts: Sequence[tuple[float, Iterator[str]]], burst: int = 1) -> Iterator[str]:
    """Draws from each part in proportion to its share, `burst` requests at a time."""
    shares, sources = zip(*parts, strict=True)
    while True:
        for source in rng.choices(sources, weights=shares, k=1000):
            yield from islice(source, burst)


GENERATORS: dict[str, Callable[[random.Random], Iterator[str]]] = {
    "zipf 0.7": lambda rng: zipf(rng, 0.7),
    "zipf 0.9": lambda rng: zipf(rng, 0.9),
    "zipf 1.1": lambda rng: zipf(rng, 1.1),
    "drifting zipf": drifting,
    "sticky sessions": sessions,
    "sessions and a crawler": lambda rng: mixed(rng, [(0.8, sessions(rng)), (0.2, scan())]),
    "zipf and bursts of scans": lambda rng: mixed(rng, [(0.7, zipf(rng, 0.9)), (0.3, scan())], burst=500),
    "zipf and a loop": lambda rng: mixed(rng, [(0.7, zipf(rng, 0.9)), (0.3, loop(3_000))]),
    "loop": lambda rng: mixed(rng, [(0.9, loop(3_000)), (0.1, zipf(rng, 0.9))]),
}


class _Visit:
    def __init__(self, rng: random.Random, user: str, mean_clicks: int) -> None:
        self._number = user.split(":")[1]
        self.clicks_left = 1 + int(rng.expovariate(1 / mean_clicks))

    def click(self, rng: random.Random, cards: Iterator[str]) -> Iterator[str]:
        self.clicks_left -= 1
        own = [f"session:{self._number}"]
        if rng.random() < 0.6:
            own.append(f"board:{self._number}")
        return chain(own, islice(cards, rng.randrange(3)))


def _zipf_cumulated(exponent: float, keys: int) -> list[float]:
    return list(accumulate(1 / rank**exponent for rank in range(1, keys + 1)))

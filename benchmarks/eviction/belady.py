"""What nobody can beat: the best hit ratio of anyone who knows the future.

For values of equal weight it is exact (Belady 1966, with the freedom not to keep a value at all). For values of
different weights the optimum is NP-hard; this is an upper bound (PFOO-U: Berger, Beckmann, Harchol-Balter 2018).
"""

from collections.abc import Sequence
from heapq import heappop, heappush

from benchmarks.eviction.load import Load


def optimal_hits(requests: Sequence[str], entries: int) -> int:
    """The hits of a cache of so many entries that gives up what is needed last."""
    held: dict[str, int] = {}
    latest: list[tuple[int, str]] = []
    hits = 0
    for key, following in zip(requests, _next_uses(requests), strict=True):
        hits += key in held
        held[key] = following
        heappush(latest, (-following, key))
        while len(held) > entries:
            position, loser = heappop(latest)
            if held.get(loser) == -position:
                del held[loser]
    return hits


def bound_on_hits(load: Load, max_bytes: int) -> tuple[float, float]:
    """More hits, and more bytes hit, than any cache of `max_bytes` can have.

    To hit, a value has to be held from one use to the next, which takes its weight times that long. All of them
    together have no more than `max_bytes` times the length of the load, so the cheapest are counted until that is used.
    """
    spans = [
        (following - position, load.weights[key])
        for position, (key, following) in enumerate(zip(load.requests, _next_uses(load.requests), strict=True))
        if following < len(load.requests)
    ]
    budget = max_bytes * len(load.requests)
    by_cost = sorted((length * weight, 1) for length, weight in spans)
    by_length = sorted((length, weight) for length, weight in spans)
    return _filled(by_cost, budget), _filled([(length * weight, weight) for length, weight in by_length], budget)


def _filled(items: Sequence[tuple[int, int]], budget: float) -> float:
    """The gains of (cost, gain) in the order given until the budget is spent, the last one in part."""
    gained = 0.0
    for cost, gain in items:
        if cost > budget:
            return gained + gain * budget / cost
        budget -= cost
        gained += gain
    return gained


def _next_uses(requests: Sequence[str]) -> list[int]:
    """For each request the position of the next one for its key; the end and beyond, each different, for none."""
    following: dict[str, int] = {}
    uses = [0] * len(requests)
    for position in range(len(requests) - 1, -1, -1):
        uses[position] = following.get(requests[position], len(requests) + position)
        following[requests[position]] = position
    return uses

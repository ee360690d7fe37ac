"""Replaying loads through engines: one cell is one load in one size of cache."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.eviction.belady import bound_on_hits, optimal_hits
from benchmarks.eviction.load import EQUAL_WEIGHT, Load
from benchmarks.eviction.policies import Engine, Room

SHARES = (0.01, 0.03, 0.1, 0.3)  # of everything that the load asks for
OPTIMUM = "optimum"


@dataclass(frozen=True)
class Cell:
    """`sizing` is "equal" or "bytes". Ratios are by the engine's name, and of the optimum (or its bound)."""

    load: str
    sizing: str
    share: float
    max_bytes: int
    hit_ratio: dict[str, float] = field(default_factory=dict)
    byte_hit_ratio: dict[str, float] = field(default_factory=dict)


def replay_all(
    loads: Iterable[Load], engines: Sequence[type[Engine]], shares: Sequence[float] = SHARES
) -> Iterator[Cell]:
    """Every load with equal and with different weights, in every size, through every engine."""
    for load in loads:
        for sizing, sized in (("equal", load.equal), ("bytes", load)):
            for share in shares:
                yield _cell(sized, sizing, share, engines)


def replay(load: Load, engine: Engine) -> tuple[int, int]:
    """Hits, and bytes hit, when every miss is put."""
    get, put, pack, weights = engine.get, engine.put, engine.pack, load.weights
    hits = hit_bytes = 0
    for key in load.requests:
        if get(key) is not None:
            hits += 1
            hit_bytes += weights[key]
        else:
            put(key, pack(key, weights[key]))
    return hits, hit_bytes


def _cell(load: Load, sizing: str, share: float, engines: Sequence[type[Engine]]) -> Cell:
    room = Room(max_bytes=int(load.footprint_bytes * share), entries=int(len(load.weights) * share))
    cell = Cell(load.name, sizing, share, room.max_bytes)
    asked_bytes = sum(load.weights[key] for key in load.requests)
    for open_engine in engines:
        engine = open_engine(room)
        try:
            hits, hit_bytes = replay(load, engine)
        finally:
            engine.close()
        cell.hit_ratio[engine.name] = hits / len(load.requests)
        cell.byte_hit_ratio[engine.name] = hit_bytes / asked_bytes
    best, best_bytes = _best(load, sizing, room)
    cell.hit_ratio[OPTIMUM] = best / len(load.requests)
    cell.byte_hit_ratio[OPTIMUM] = best_bytes / asked_bytes
    return cell


def _best(load: Load, sizing: str, room: Room) -> tuple[float, float]:
    if sizing == "bytes":
        return bound_on_hits(load, room.max_bytes)
    hits = optimal_hits(load.requests, room.entries)
    return hits, hits * EQUAL_WEIGHT

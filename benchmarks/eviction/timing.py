"""What an engine costs: of one call, of its slowest one, of a garbage collection. Figures of one run, to be compared.

Engines take turns within a run and the best of the turns counts, since the machine has other things to do.
"""

import gc
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count, islice
from time import perf_counter

from benchmarks.eviction.generators import zipf
from benchmarks.eviction.load import EQUAL_WEIGHT, seeded
from benchmarks.eviction.policies import Engine, Room

SURVIVED_INSERTS = (1, 3, 10, 30, 100, 200, 290, 400, 800)


@dataclass(frozen=True)
class Cost:
    """Of one engine. Only `survived_inserts` is the same in every run."""

    get_us: float
    put_us: float
    longest_put_ms: float
    collection_ms: float
    survived_inserts: int


def costs(engines: Sequence[type[Engine]], entries: int) -> dict[str, Cost]:
    """Of full caches of so many entries, by the engine's name. A put is one that evicts."""
    calls = _calls(engines, min(entries, 20_000))
    found = {}
    for open_engine in engines:
        name = open_engine.name
        get_us, put_us = calls[name]
        found[name] = Cost(
            get_us,
            put_us,
            longest_put_ms(open_engine, entries),
            collection_ms(open_engine, entries),
            survived_inserts(open_engine),
        )
    return found


def longest_put_ms(open_engine: type[Engine], entries: int, repeats: int = 3) -> float:
    """The slowest of the puts that fill a cache and then pass through it once more.

    A put that is slow by itself is so in each repeat; one that was interrupted is not.
    """
    keys = [f"key:{number:08d}" for number in range(2 * entries)]
    best = array("d", [1e9]) * len(keys)
    for _ in range(repeats):
        engine = open_engine(_room(entries))
        values = [engine.pack(key, EQUAL_WEIGHT) for key in keys]
        put = engine.put
        gc.collect()
        gc.disable()
        try:
            for position, (key, value) in enumerate(zip(keys, values, strict=True)):
                began = perf_counter()
                put(key, value)
                took = perf_counter() - began
                best[position] = min(best[position], took)
        finally:
            gc.enable()
            engine.close()
    return max(best) * 1e3


def collection_ms(open_engine: type[Engine], entries: int, repeats: int = 5) -> float:
    """How much longer a full garbage collection takes because of a full cache: the middle one of some."""
    keys = [f"key:{number:08d}" for number in range(entries)]
    gc.collect()
    gc.freeze()
    try:
        engine = open_engine(_room(entries))
        for key in keys:
            engine.put(key, engine.pack(key, EQUAL_WEIGHT))
        pauses = []
        for _ in range(repeats):
            began = perf_counter()
            gc.collect()
            pauses.append(perf_counter() - began)
        engine.close()
    finally:
        gc.unfreeze()
    return sorted(pauses)[repeats // 2] * 1e3


def survived_inserts(open_engine: type[Engine], entries: int = 1000, trials: int = 10) -> int:
    """After how many puts of other new keys a key put into a warm cache is still found, nine times out of ten."""
    engine = open_engine(_room(entries))
    requests = zipf(seeded("survival"), 0.9)
    fresh = (f"fresh:{number}" for number in count())
    _ask(engine, islice(requests, 10 * entries))
    survived = 0
    for inserts in SURVIVED_INSERTS:
        found = 0
        for _ in range(trials):
            _ask(engine, islice(requests, entries))
            key = next(fresh)
            _ask(engine, [key, *islice(fresh, inserts)])
            found += engine.get(key) is not None
        if found < 0.9 * trials:
            break
        survived = inserts
    engine.close()
    return survived


def _ask(engine: Engine, keys: Iterable[str]) -> None:
    for key in keys:
        if engine.get(key) is None:
            engine.put(key, engine.pack(key, EQUAL_WEIGHT))


def _calls(engines: Sequence[type[Engine]], entries: int, turns: int = 7) -> dict[str, tuple[float, float]]:
    """Microseconds of a get that hits, each key five times, and of a put of a new key."""
    opened = [open_engine(_room(entries)) for open_engine in engines]
    best = {engine.name: (1e9, 1e9) for engine in opened}
    for turn in range(turns + 1):  # the first one only fills
        keys = [f"key:{turn}:{number:08d}" for number in range(entries)]
        for engine in opened:
            put_us = _microseconds(engine.put, [(key, engine.pack(key, EQUAL_WEIGHT)) for key in keys])
            held = [(key,) for key in keys if engine.get(key) is not None]
            seeded(turn).shuffle(held)
            if turn and held:
                former_get, former_put = best[engine.name]
                get_us = _microseconds(engine.get, held[:2000] * 5)
                best[engine.name] = (min(former_get, get_us), min(former_put, put_us))
    for engine in opened:
        engine.close()
    return best


def _microseconds(call: Callable[..., object], arguments: Sequence[tuple[object, ...]]) -> float:
    gc.disable()
    try:
        began = perf_counter()
        for each in arguments:
            call(*each)
        return (perf_counter() - began) / len(arguments) * 1e6
    finally:
        gc.enable()


def _room(entries: int) -> Room:
    return Room(max_bytes=entries * EQUAL_WEIGHT, entries=entries)

"""The eviction benchmark: its loads, its optimum, its adapters, and a quick run. No figure is judged here."""

import json
import lzma
import random
from array import array
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.eviction import __main__ as command
from benchmarks.eviction import timing
from benchmarks.eviction.belady import bound_on_hits, optimal_hits
from benchmarks.eviction.generators import GENERATORS, make, synthetic_loads
from benchmarks.eviction.load import EQUAL_WEIGHT, Load
from benchmarks.eviction.policies import ENGINES, CachetoolsLru, Engine, Hotseat, Lru, Room
from benchmarks.eviction.replay import Cell, replay, replay_all
from benchmarks.eviction.report import by_requests, markdown, standing
from benchmarks.eviction.timing import Cost
from benchmarks.eviction.traces import read_traces

EACH_ENGINE = pytest.mark.parametrize("open_engine", ENGINES, ids=lambda engine: engine.name)


def small_load(seed: int, length: int = 300, keys: int = 30) -> Load:
    rng = random.Random(seed)
    weights = {f"k{number}": rng.randrange(1, 60) for number in range(keys)}
    return Load("small", [f"k{int(keys * rng.random() ** 2)}" for _ in range(length)], weights)


# --- loads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GENERATORS)
def test_a_seed_decides_a_load(name: str) -> None:
    """The same seed gives the same requests and sizes, another one others."""
    assert make(name, 1, 2000) == make(name, 1, 2000)
    assert make(name, 1, 2000).weights != make(name, 2, 2000).weights


def test_a_load_has_the_length_asked_for_and_a_weight_for_each_key() -> None:
    """And no weight for a key that is never asked for, which would count in its footprint."""
    for load in synthetic_loads(1, 3000):
        assert len(load.requests) == 3000
        assert set(load.requests) == load.weights.keys()
        assert set(load.equal.weights.values()) == {EQUAL_WEIGHT}


def test_a_scan_asks_for_nothing_twice_and_a_loop_for_all_in_turn() -> None:
    """What makes them hard is there."""
    scanned = [key for key in make("zipf and bursts of scans", 1, 5000).requests if key.startswith("scan")]
    assert len(scanned) == len(set(scanned)) > 0
    looped = [int(key.split(":")[1]) for key in make("loop", 1, 5000).requests if key.startswith("loop")]
    assert all(following == (number + 1) % 3000 for number, following in pairwise(looped))


def test_users_of_sticky_sessions_come_and_go() -> None:
    """A session is asked for several times close together, and few are asked for all along."""
    requests = make("sticky sessions", 1, 20_000).requests
    first, last = (set(part) for part in (requests[:4000], requests[-4000:]))
    sessions = {key for key in first if key.startswith("session")}
    assert sum(requests[:4000].count(key) for key in sessions) > 3 * len(sessions)
    assert len(sessions & last) < len(sessions) / 2


def test_a_trace_is_read_as_big_endian_numbers(tmp_path: Path) -> None:
    """As the cache2k project writes them, with one size for each key."""
    numbers = array("i", [7, 1 << 20, 7, -3])
    numbers.byteswap()
    (tmp_path / "tiny.trace.xz").write_bytes(lzma.compress(numbers.tobytes()))
    (load,) = read_traces(tmp_path, seed=1)
    assert (load.name, load.requests) == ("tiny", ["page:7", "page:1048576", "page:7", "page:-3"])
    assert read_traces(tmp_path, seed=1, requests=2)[0].requests == ["page:7", "page:1048576"]


# --- the optimum -------------------------------------------------------------------------------------------------


def test_the_optimum_is_right_where_it_can_be_counted() -> None:
    """Two places for a, b, c in turn: keeping a and b, and never c, is best."""
    assert optimal_hits(list("abcabcabc"), 2) == 4
    assert optimal_hits(list("abcabcabc"), 3) == 6
    assert optimal_hits(list("aabb"), 1) == 2


@EACH_ENGINE
def test_no_engine_beats_the_optimum(open_engine: type[Engine]) -> None:
    """For equal weights exactly; for different ones no engine that bounds bytes has more hits than the bound."""
    for seed in range(15):
        load = small_load(seed)
        room = Room(max_bytes=20 * EQUAL_WEIGHT, entries=20)
        assert _hits(load.equal, open_engine, room)[0] <= optimal_hits(load.requests, room.entries)
        if open_engine.bounds_bytes:
            hits, hit_bytes = _hits(load, open_engine, Room(max_bytes=500, entries=17))
            best, best_bytes = bound_on_hits(load, 500)
            assert hits <= best
            assert hit_bytes <= best_bytes


def test_the_bound_meets_the_optimum_when_everything_fits() -> None:
    """Then every use but the first of each key hits."""
    load = small_load(1)
    repeated = len(load.requests) - len(set(load.requests))
    assert bound_on_hits(load, load.footprint_bytes)[0] == repeated == optimal_hits(load.requests, 30)


# --- engines -----------------------------------------------------------------------------------------------------


@EACH_ENGINE
def test_a_hit_is_a_value_that_was_put_for_that_key(open_engine: type[Engine]) -> None:
    """Against a dictionary of everything ever put."""
    engine = open_engine(Room(max_bytes=16 * 60, entries=16))
    put: dict[str, object] = {}
    load, hits = small_load(3, length=2000), 0
    for key in load.requests:
        found = engine.get(key)
        if found is not None:
            hits += 1
            assert found == put[key]
        else:
            put[key] = engine.pack(key, load.weights[key])
            engine.put(key, put[key])
    engine.close()
    assert 0 < hits < len(load.requests)


@pytest.mark.parametrize("open_engine", [engine for engine in ENGINES if "LRU" in engine.name])
def test_every_lru_agrees_with_the_yardstick(open_engine: type[Engine]) -> None:
    """In bytes, so the figures of other engines are figures of their policies and not of our adapters."""
    room = Room(max_bytes=500, entries=17)
    for seed in range(5):
        assert _hits(small_load(seed), open_engine, room) == _hits(small_load(seed), Lru, room)


def _hits(load: Load, open_engine: type[Engine], room: Room) -> tuple[int, int]:
    engine = open_engine(room)
    try:
        return replay(load, engine)
    finally:
        engine.close()


# --- report ------------------------------------------------------------------------------------------------------


def test_a_standing_is_the_mean_and_the_worst_over_lru() -> None:
    """In points, with the name of the worst cell."""
    cells = [
        Cell("one", "bytes", 0.1, 1, {"hotseat": 0.5, "LRU": 0.4}, {}),
        Cell("two", "equal", 0.3, 1, {"hotseat": 0.28, "LRU": 0.3}, {}),
    ]
    found = standing(cells, "hotseat", by_requests)
    assert (round(found.mean, 6), round(found.worst, 6), found.worst_cell) == (4.0, -2.0, "two, equal, 30%")


def test_a_missed_target_is_said_so() -> None:
    """The verdict comes from the figures."""
    cells = list(replay_all([small_load(1)], [Hotseat, Lru, CachetoolsLru], [0.5]))
    costs = {Hotseat.name: Cost(1.0, 1.0, 1.0, 1.0, 1)}
    for cell in cells:
        cell.hit_ratio["hotseat"] = cell.hit_ratio["LRU"] - 0.02
    assert "NOT MET" in markdown(cells, costs, 1000, judged=True)
    for cell in cells:
        cell.hit_ratio["hotseat"] = cell.hit_ratio["LRU"] + 0.03
    assert "is met" in markdown(cells, costs, 1000, judged=True)


def test_a_quick_run_prints_tables_and_writes_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every engine has a standing and costs, in both forms."""
    monkeypatch.setattr(timing, "SURVIVED_INSERTS", (1,))
    monkeypatch.setattr(command, "QUICK", command.Size(requests=400, entries=300, shares=(0.3,)))
    figures, tables = tmp_path / "figures.json", tmp_path / "tables.md"
    run = CliRunner().invoke(command.main, ["--quick", "--json", str(figures), "--markdown", str(tables)])
    assert run.exit_code == 0, run.output
    assert run.output.strip() == tables.read_text().strip()
    document = json.loads(figures.read_text())
    names = {engine.name for engine in ENGINES}
    assert document["costs"].keys() == names
    assert document["standings"].keys() == names | {"optimum"}
    assert len(document["cells"]) == 2 * len(GENERATORS)
    assert all(f"| {name}" in run.output for name in names)

"""The hot cache by itself: bounds, segments, ghosts, time, tags, and what it costs."""

import gc
import subprocess
import sys
import tracemalloc
import weakref
from collections import Counter
from collections.abc import Callable

import cachetools
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.errors import Misuse
from cache.hot import EXPANSION, GHOST_SHARE, LARGEST_SHARE, OVERHEAD_BYTES, PROTECTED_SHARE, Entry, HotCache, weigh

ROOM = 100  # entries of the default weight


def entry(
    tag: str = "t", *, region: str = "board", weight: int = 100, until: float = 10.0, value: object = "value"
) -> Entry:
    return Entry(region, tag, value, 1, None, 0.0, until, until, weight)


def cache_for(entries: int, **options: Callable[..., object]) -> HotCache:
    return HotCache(entries * 100, **{"clock": lambda: 0.0, **options})  # type: ignore[arg-type]


def fill(cache: HotCache, count: int, name: str = "k") -> None:
    for number in range(count):
        cache.put(f"{name}{number}", entry(f"{name}{number}"))


def warm(entries: int) -> HotCache:
    """A full cache whose protected segment is full of `k0`, `k1`..., the rest unused so far."""
    cache = cache_for(entries)
    fill(cache, entries)
    for number in range(int(entries * PROTECTED_SHARE)):
        cache.get(f"k{number}")
    return cache


def order(cache: HotCache) -> list[str]:
    return [key for key, _ in cache.hottest()]


# --- what goes first ---------------------------------------------------------------------------------------------


def test_the_entry_unused_for_longest_goes_first() -> None:
    """Reading an entry saves it from being the next to go."""
    evicted: list[tuple[str, str]] = []
    cache = cache_for(20, evicted=lambda region, reason: evicted.append((region, reason)))
    fill(cache, 20)
    cache.get("k0")
    cache.put("new", entry())
    assert cache.get("k0") is not None
    assert cache.get("k1") is None
    assert evicted == [("board", "capacity")]


def test_a_scan_does_not_push_out_what_was_used_twice() -> None:
    """Ten times as many new keys as there is room leave every protected one where it was."""
    cache = warm(ROOM)
    fill(cache, 10 * ROOM, "scan")
    assert all(cache.peek(f"k{number}") is not None for number in range(int(ROOM * PROTECTED_SHARE)))


def test_a_key_just_written_survives_300_others() -> None:
    """A session must not be dropped before its second request: probation is never squeezed below its share."""
    cache = warm(1000)
    cache.put("session", entry())
    fill(cache, 299, "other")
    assert cache.get("session") is not None


def test_what_no_longer_fits_among_the_protected_goes_back_on_probation() -> None:
    """It is not lost, and it stands before everything else there."""
    cache = cache_for(20)
    fill(cache, 20)
    for number in range(15):
        cache.get(f"k{number}")
    assert len(cache) == 20
    assert order(cache)[14:16] == ["k0", "k19"]


def test_when_all_are_protected_the_oldest_of_them_goes() -> None:
    """An empty probation is no reason to be over the limit."""
    cache = HotCache(1600, clock=lambda: 0.0)
    for number in range(15):
        cache.put(f"k{number}", entry(weight=70))
        cache.get(f"k{number}")
    for number in range(15, 40):
        cache.put(f"k{number}", entry(weight=100))
        cache.get(f"k{number}")
    assert cache.bytes <= 1600
    assert cache.get("k0") is None


def test_an_evicted_key_that_comes_back_is_protected_at_once() -> None:
    """It was given up too early, so it may stay."""
    cache = cache_for(ROOM)
    fill(cache, ROOM + 1)
    cache.put("k0", entry())
    assert order(cache)[0] == "k0"


def test_an_evicted_key_is_forgotten_after_the_ghosts_share_of_others() -> None:
    """What comes back later than that starts on probation, like any new key."""
    cache = cache_for(ROOM)
    fill(cache, ROOM + 1)
    fill(cache, int(ROOM * GHOST_SHARE) + 1, "later")
    cache.get("later0")
    cache.put("k0", entry())
    assert order(cache)[:2] == ["later0", "k0"]
    fill(cache, ROOM, "scan")
    assert cache.peek("k0") is None


def test_a_ghost_is_good_for_one_return() -> None:
    """A key that came back and was dropped then is new when it comes again."""
    cache = cache_for(ROOM)
    fill(cache, ROOM + 1)
    cache.put("k0", entry())
    cache.drop("k0")
    cache.get("k9")
    cache.put("k0", entry())
    assert order(cache)[:2] == ["k9", "k0"]


def test_a_key_never_seen_is_on_probation_whatever_its_hash() -> None:
    """Even that of the empty string, 0, which is what an empty table of ghosts is full of."""
    cache = cache_for(ROOM)
    fill(cache, 2)
    cache.get("k0")
    cache.put("", entry())
    assert order(cache) == ["k0", "", "k1"]


def test_a_dropped_key_leaves_no_ghost() -> None:
    """What was invalidated has not been given up too early."""
    cache = cache_for(ROOM)
    fill(cache, 2)
    cache.get("k1")
    cache.drop("k0")
    cache.put("k0", entry())
    assert order(cache) == ["k1", "k0"]


def test_a_replaced_entry_keeps_its_segment_and_counts_as_used() -> None:
    """A write is not a second use, and takes no protection away."""
    cache = cache_for(20)
    fill(cache, 4)
    cache.get("k0")
    cache.get("k1")
    cache.put("k0", entry())
    cache.put("k2", entry())
    assert order(cache) == ["k0", "k1", "k2", "k3"]


# --- bounds ------------------------------------------------------------------------------------------------------


def test_a_value_over_a_sixteenth_of_the_budget_is_not_kept() -> None:
    """One huge value must not push out everything else."""
    evicted: list[tuple[str, str]] = []
    cache = HotCache(1600, clock=lambda: 0.0, evicted=lambda region, reason: evicted.append((region, reason)))
    assert cache.put("small", entry(weight=1600 // LARGEST_SHARE))
    assert not cache.put("large", entry(weight=1600 // LARGEST_SHARE + 1))
    assert cache.get("small") is not None
    assert evicted == [("board", "too_large")]


def test_a_value_that_grew_too_large_takes_its_former_self_with_it() -> None:
    """Answering the old one would be answering a value that was replaced."""
    cache = HotCache(1600, clock=lambda: 0.0)
    cache.put("k", entry(weight=50))
    assert not cache.put("k", entry(weight=500))
    assert (cache.get("k"), len(cache), cache.bytes) == (None, 0, 0)


def test_putting_the_same_key_again_replaces_it_and_its_weight() -> None:
    """Bytes are counted once per key."""
    cache = HotCache(10_000, clock=lambda: 0.0)
    cache.put("k", entry("a", weight=100))
    cache.put("k", entry("b", weight=300))
    assert (len(cache), cache.bytes) == (1, 300)
    assert cache.drop_tag("a") == []
    assert [key for key, _ in cache.drop_tag("b")] == ["k"]


def test_the_same_entry_may_be_put_again() -> None:
    """Under its own key or another, it is counted for what is held."""
    cache, one = cache_for(ROOM), entry()
    for key in ("a", "a", "b"):
        cache.put(key, one)
    cache.get("a")
    assert (len(cache), cache.bytes, cache.usage()) == (2, 200, {"board": (2, 200)})
    assert cache.drop("a") is cache.drop("b") is one


def test_a_limit_of_zero_keeps_nothing() -> None:
    """It is how the hot cache is turned off."""
    cache = HotCache(0, clock=lambda: 0.0)
    assert not cache.put("k", entry(weight=1))
    assert (cache.get("k"), len(cache)) == (None, 0)


def test_misuse_is_refused_by_name() -> None:
    """A negative limit at construction; a weight that would not count, when it is put."""
    with pytest.raises(Misuse, match="max_bytes"):
        HotCache(-1, clock=lambda: 0.0)
    with pytest.raises(Misuse, match="weighs"):
        cache_for(ROOM).put("k", entry(weight=0))


# --- time --------------------------------------------------------------------------------------------------------


def test_an_expired_entry_is_not_answered() -> None:
    """At the very moment of expiry it is over, and said so."""
    now = 9.999
    evicted: list[tuple[str, str]] = []
    cache = HotCache(10_000, clock=lambda: now, evicted=lambda region, reason: evicted.append((region, reason)))
    cache.put("k", entry(until=10.0))
    assert cache.get("k") is not None
    now = 10.0
    assert cache.get("k") is None
    assert (len(cache), cache.bytes, evicted) == (0, 0, [("board", "expired")])


def test_a_caller_who_knows_the_time_is_believed() -> None:
    """And the clock is not asked again."""
    cache = cache_for(ROOM, clock=lambda: pytest.fail("asked"))
    cache.put("k", entry(until=10.0))
    assert cache.get("k", 9.0) is not None
    assert cache.get("k", 10.0) is None


def test_peeking_changes_nothing() -> None:
    """Neither what goes first nor what is held, even if it has expired."""
    now = 0.0
    cache = cache_for(ROOM, clock=lambda: now, evicted=lambda *_: pytest.fail("evicted"))
    fill(cache, 3)
    now = 11.0
    assert cache.peek("k0") is not None
    assert cache.peek("absent") is None
    assert order(cache) == ["k2", "k1", "k0"]


# --- taking out --------------------------------------------------------------------------------------------------


def test_dropping_takes_out_one_entry_in_silence() -> None:
    """The caller knows why, so `evicted` hears nothing of it."""
    cache = cache_for(ROOM, evicted=lambda *_: pytest.fail("evicted"))
    fill(cache, 3)
    cache.get("k1")
    dropped = cache.drop("k1")
    assert dropped is not None
    assert dropped.tag == "k1"
    assert cache.drop("k1") is None
    assert order(cache) == ["k2", "k0"]


def test_dropping_a_tag_takes_out_its_keys_and_no_others() -> None:
    """In both segments, however many there are."""
    cache = cache_for(ROOM)
    for number in range(30):
        cache.put(f"k{number}", entry(f"t{number % 3}", value=number))
    for number in range(0, 30, 2):
        cache.get(f"k{number}")
    dropped = cache.drop_tag("t1")
    assert {(key, held.value) for key, held in dropped} == {(f"k{n}", n) for n in range(1, 30, 3)}
    assert {held.tag for _, held in cache.hottest()} == {"t0", "t2"}
    assert cache.drop_tag("t1") == []


def test_the_entries_of_a_tag_are_told_and_stay_as_they_are() -> None:
    """Expired or not, in both segments."""
    now = 0.0
    cache = cache_for(ROOM, clock=lambda: now)
    for number in range(6):
        cache.put(f"k{number}", entry(f"t{number % 2}", value=number))
    cache.get("k3")
    now = 11.0
    before = order(cache)
    assert {held.value for held in cache.of_tag("t1")} == {1, 3, 5}
    assert list(cache.of_tag("absent")) == []
    assert order(cache) == before


def test_clearing_drops_everything_and_remembers_nothing() -> None:
    """What comes back after it is new."""
    cache = cache_for(ROOM)
    fill(cache, ROOM + 1)
    assert cache.clear() == ROOM
    assert (len(cache), cache.bytes, order(cache), cache.usage()) == (0, 0, [], {"board": (0, 0)})
    fill(cache, 2)
    assert order(cache) == ["k1", "k0"]


def test_the_hottest_come_first() -> None:
    """The protected from the one used last, then those on probation from the newest."""
    cache = cache_for(ROOM)
    fill(cache, 5)
    for key in ("k3", "k1", "k3"):
        cache.get(key)
    assert order(cache) == ["k3", "k1", "k4", "k2", "k0"]


def test_usage_is_told_by_region() -> None:
    """A region that lost everything is still told, so that its gauge falls to zero."""
    cache = cache_for(ROOM)
    cache.put("a", entry(region="board", weight=10))
    cache.put("b", entry(region="board", weight=20))
    cache.put("c", entry(region="session", weight=30))
    assert cache.usage() == {"board": (2, 30), "session": (1, 30)}
    cache.drop("c")
    assert cache.usage() == {"board": (2, 30), "session": (0, 0)}


# --- against models ----------------------------------------------------------------------------------------------

KEYS, TAGS = st.integers(0, 25), st.integers(0, 4)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, TAGS, st.integers(1, 90), st.floats(0, 5)),
        st.tuples(st.just("get"), KEYS),
        st.tuples(st.just("peek"), KEYS),
        st.tuples(st.just("drop"), KEYS),
        st.tuples(st.just("drop_tag"), TAGS),
        st.tuples(st.just("clear")),
        st.tuples(st.just("wait"), st.floats(0, 3)),
    ),
    min_size=20,
    max_size=150,
)


@settings(max_examples=200, deadline=None)
@given(OPERATIONS)
def test_whatever_the_order_of_operations_the_books_are_right(operations: list[tuple]) -> None:
    """Against a model that only remembers what was put: bounds, time, tags, usage, and where every entry went."""
    now = 0.0
    heard: Counter[str] = Counter()
    cache = HotCache(1280, clock=lambda: now, evicted=lambda _, reason: heard.update([reason]))
    model: dict[str, Entry] = {}
    put = taken = 0
    for operation in operations:
        match operation:
            case ("put", key, tag, weight, seconds):
                one = entry(f"t{tag}", region=f"r{tag % 2}", weight=weight, until=now + seconds)
                taken += cache.peek(f"k{key}") is not None
                kept = cache.put(f"k{key}", one)
                assert kept == (weight <= 1280 // LARGEST_SHARE)
                put += kept
                model.pop(f"k{key}", None)
                if kept:
                    model[f"k{key}"] = one
                    assert cache.peek(f"k{key}") is one
            case ("get", key):
                found = cache.get(f"k{key}")
                assert found is None or (found is model[f"k{key}"] and now < found.expires_at)
            case ("peek", key):
                assert cache.peek(f"k{key}") in (None, model.get(f"k{key}"))
            case ("drop", key):
                dropped = cache.drop(f"k{key}")
                taken += dropped is not None
                assert dropped in (None, model.pop(f"k{key}", None))
            case ("drop_tag", tag):
                of_tag = {key for key, held in cache.hottest() if held.tag == f"t{tag}"}
                assert len(list(cache.of_tag(f"t{tag}"))) == len(of_tag)
                assert {key for key, _ in cache.drop_tag(f"t{tag}")} == of_tag
                taken += len(of_tag)
                model = {key: held for key, held in model.items() if held.tag != f"t{tag}"}
            case ("clear",):
                taken += cache.clear()
                model.clear()
            case ("wait", seconds):
                now += seconds
        held = dict(cache.hottest())
        assert cache.bytes == sum(one.weight for one in held.values()) <= 1280
        assert len(cache) == len(held) == len(list(cache.hottest()))
        assert held.items() <= model.items()
        recounted = {region: _counted(held, region) for region in cache.usage()}
        assert cache.usage() == recounted
        assert sum(entries for entries, _ in recounted.values()) == len(cache)
    assert put == len(cache) + taken + heard["capacity"] + heard["expired"]


def _counted(held: dict[str, Entry], region: str) -> tuple[int, int]:
    weights = [one.weight for one in held.values() if one.region == region]
    return len(weights), sum(weights)


@settings(max_examples=200, deadline=None)
@given(OPERATIONS)
def test_where_there_is_room_it_answers_as_cachetools_does(operations: list[tuple]) -> None:
    """Weights and times to live agree with cachetools.TLRUCache, when nothing has to go."""
    now = 0.0
    cache = HotCache(90 * LARGEST_SHARE * 2, clock=lambda: now)
    oracle: cachetools.TLRUCache[str, Entry] = cachetools.TLRUCache(
        90 * LARGEST_SHARE * 2, lambda _, one, __: one.expires_at, timer=lambda: now, getsizeof=lambda one: one.weight
    )
    for operation in operations:
        match operation:
            case ("put", key, tag, weight, seconds):
                one = entry(f"t{tag}", weight=weight, until=now + seconds)
                cache.put(f"k{key}", one)
                oracle.pop(f"k{key}", None)  # it keeps a former value where the new one has expired at birth
                oracle[f"k{key}"] = one
            case ("get", key):
                assert cache.get(f"k{key}") is oracle.get(f"k{key}")
            case ("wait", seconds):
                now += seconds
    for key in range(26):
        assert cache.get(f"k{key}") is oracle.get(f"k{key}")
    assert (len(cache), cache.bytes) == (len(oracle), oracle.currsize)


# --- what it costs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["put", "get", "drop", "drop_tag", "usage"])
def test_no_operation_takes_more_steps_when_more_is_held(operation: str) -> None:
    """A hundred times the entries, the same number of calls."""

    def steps(entries: int) -> int:
        cache = cache_for(entries)
        fill(cache, entries)
        cache.put("k7", entry("of two"))
        cache.put("k8", entry("of two"))
        arguments = {"put": ("new", entry()), "drop_tag": ("of two",), "usage": ()}.get(operation, ("k7",))
        return _calls(lambda: getattr(cache, operation)(*arguments))

    assert steps(100) == steps(10_000)


def _calls(work: Callable[[], object]) -> int:
    calls: Counter[str] = Counter()
    former = sys.getprofile()
    sys.setprofile(lambda _, event, __: calls.update([event]))
    try:
        work()
    finally:
        sys.setprofile(former)
    return calls["call"] + calls["c_call"]


def test_the_garbage_collector_does_not_see_the_entries() -> None:
    """However many are held, a full collection has no more to visit."""
    cache = cache_for(50_000)
    gc.collect()
    before = len(gc.get_objects())
    for number in range(10_000):
        cache.put(f"k{number}", entry(f"t{number // 2}"))
    assert len(gc.get_objects()) - before < 100


class Large:
    """A value whose end can be noticed."""


def test_a_cache_that_goes_takes_its_entries_with_it() -> None:
    """Untracked objects that refer to each other would stay for ever, were the references not undone."""
    cache, values = cache_for(ROOM), [Large() for _ in range(50)]
    for number, value in enumerate(values):
        cache.put(f"k{number}", entry(f"t{number % 7}", value=value))
        cache.get(f"k{number // 2}")
    noticed = [weakref.ref(value) for value in values]
    del value, values, cache
    assert [reference() for reference in noticed] == [None] * 50


def test_a_cleared_or_dropped_value_is_gone_at_once() -> None:
    """Its memory is not kept until something else happens."""
    cache = cache_for(ROOM)
    noticed = []
    for number in range(20):
        value = Large()
        noticed.append(weakref.ref(value))
        cache.put(f"k{number}", entry(value=value))
    del value
    cache.drop("k3")
    assert noticed[3]() is None
    cache.clear()
    assert not any(reference() for reference in noticed)


def test_what_was_evicted_is_remembered_in_bounded_memory() -> None:
    """However many keys have passed through, no more is held."""
    cache = cache_for(ROOM)
    fill(cache, 1000, "first")
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(20_000):
            cache.put(f"passing {number}", entry())
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < ROOM * OVERHEAD_BYTES * 2


MEMORY = """
import sys
from pathlib import Path
import msgspec
from cache.hot import OVERHEAD_BYTES, Entry, HotCache, weigh

class Session(msgspec.Struct, frozen=True, gc=False):
    user: str
    device: str
    seen: float
    unread: int
    place: str | None

session = Session("someone or other", "Firefox on a telephone", 1.5, 300, "a town by the sea" * 4)
encoded = msgspec.msgpack.encode(session)
decode = msgspec.msgpack.Decoder(Session).decode
makers = {
    "bytes": (lambda: bytes(200), OVERHEAD_BYTES + 200),
    "decoded": (lambda: decode(encoded), weigh(len(encoded))),
}

def put(cache, number):
    user, weight = f"{number // per_tag:022d}", WEIGHT
    cache.put(
        f"hotseat:session:{{{user}}}:{number:06d}",
        Entry("session", user, make(), number + 1000, None, number + 0.1, number + 0.2, number + 9e9, weight),
    )

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

make, WEIGHT = makers[sys.argv[1]]
per_tag, room, passing = map(int, sys.argv[2:])
put(HotCache(1 << 20, clock=lambda: 0.0), 1)
before = resident()
cache = HotCache(room * WEIGHT, clock=lambda: 0.0)
for number in range(room + passing):
    put(cache, number)
print(len(cache), (resident() - before) / cache.bytes)
"""


@pytest.mark.parametrize(
    ("kind", "per_tag", "passing"), [("bytes", 1, 0), ("bytes", 2, 100_000), ("decoded", 1, 0), ("decoded", 2, 0)]
)
def test_the_weight_of_200000_entries_covers_the_memory_they_take(kind: str, per_tag: int, passing: int) -> None:
    """What the process grew by is within a quarter of what was counted, and not far below it either."""
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, kind, str(per_tag), "200000", str(passing)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    held, grown = run.stdout.split()
    assert int(held) == 200_000
    assert 0.5 < float(grown) <= 1.25


class Line(msgspec.Struct, frozen=True, gc=False):
    """A small part of a value."""

    author: str
    text: str
    likes: int
    created: float
    photo: str | None


class Page(msgspec.Struct, frozen=True):
    """A value of the size and shape of a board."""

    lines: tuple[Line, ...]


def test_the_weight_of_values_covers_the_memory_they_take() -> None:
    """300 decoded boards take no more than they were weighed at, plus a quarter."""
    page = Page(tuple(Line(f"author {n}", f"wish you were here {n}" * 4, n, 1.5 * n, "p" * 80) for n in range(60)))
    encoded = msgspec.msgpack.encode(page)
    cache = HotCache(1 << 30, clock=lambda: 0.0)
    decoder = msgspec.msgpack.Decoder(Page)
    weight = weigh(len(encoded))
    assert weight == OVERHEAD_BYTES + EXPANSION * len(encoded)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(300):
            cache.put(f"board:{number}", entry(f"t{number}", weight=weight, value=decoder.decode(encoded)))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= cache.bytes * 1.25

"""The hot cache by itself: bounds, trust, tags."""

import gc
import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache import HotCache, Misuse
from cache.hot import LARGEST_SHARE, Entry, weigh


def entry(tag: str = "t", *, weight: int = 100, until: float = 10.0, value: object = "value") -> Entry:
    return Entry("board", tag, value, 1, 0.0, until, weight)


def test_the_least_recently_used_entry_goes_first() -> None:
    """Reading an entry saves it from being the next to go."""
    evicted: list[tuple[str, str]] = []
    cache = HotCache(2000, clock=lambda: 0.0, evicted=lambda region, reason: evicted.append((region, reason)))
    for number in range(20):
        cache.put(f"k{number}", entry())
    cache.get("k0")
    cache.put("new", entry())
    assert cache.get("k0") is not None
    assert cache.get("k1") is None
    assert evicted == [("board", "capacity")]


def test_an_entry_past_its_trust_is_not_answered() -> None:
    """At the very moment trust ends it is over."""
    now = 9.999
    cache = HotCache(10_000, clock=lambda: now)
    cache.put("k", entry(until=10.0))
    assert cache.get("k") is not None
    now = 10.0
    assert cache.get("k") is None
    assert cache.bytes == 0


def test_a_value_over_a_sixteenth_of_the_budget_is_not_kept() -> None:
    """One huge value must not push out everything else."""
    cache = HotCache(1600, clock=lambda: 0.0)
    assert cache.put("small", entry(weight=1600 // LARGEST_SHARE))
    assert not cache.put("large", entry(weight=1600 // LARGEST_SHARE + 1))
    assert cache.get("small") is not None


def test_putting_the_same_key_again_replaces_it_and_its_weight() -> None:
    """Bytes are counted once per key."""
    cache = HotCache(10_000, clock=lambda: 0.0)
    cache.put("k", entry("a", weight=100))
    cache.put("k", entry("b", weight=300))
    assert (len(cache), cache.bytes) == (1, 300)
    assert cache.drop_tag("a") == []
    assert cache.drop_tag("b") == ["board"]


def test_a_negative_limit_is_refused_at_construction() -> None:
    """Misuse names what is wrong."""
    with pytest.raises(Misuse, match="max_bytes"):
        HotCache(-1, clock=lambda: 0.0)


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 20), st.integers(0, 4), st.integers(1, 80), st.floats(0, 5)),
        st.tuples(st.just("get"), st.integers(0, 20)),
        st.tuples(st.just("drop"), st.integers(0, 4)),
        st.tuples(st.just("wait"), st.floats(0, 3)),
    ),
    max_size=120,
)


@given(OPERATIONS)
def test_bytes_stay_bounded_and_nothing_untrusted_is_answered(operations: list[tuple]) -> None:
    """Against a model that only remembers what was put, whatever the order of operations."""
    now = 0.0
    cache = HotCache(1280, clock=lambda: now)
    model: dict[str, tuple[str, float, int]] = {}
    for operation in operations:
        match operation:
            case ("put", key, tag, weight, trust):
                kept = cache.put(f"k{key}", entry(f"t{tag}", weight=weight, until=now + trust, value=weight))
                assert kept == (weight <= 1280 // LARGEST_SHARE)
                model.pop(f"k{key}", None)
                if kept:
                    model[f"k{key}"] = (f"t{tag}", now + trust, weight)
            case ("get", key):
                found = cache.get(f"k{key}")
                if found is not None:
                    assert (found.tag, found.trusted_until, found.value) == model[f"k{key}"]
                    assert found.trusted_until > now
            case ("drop", tag):
                cache.drop_tag(f"t{tag}")
                model = {key: held for key, held in model.items() if held[0] != f"t{tag}"}
            case ("wait", seconds):
                now += seconds
        assert cache.bytes <= 1280
        assert cache.bytes == sum(weight for _, weight in cache.holdings())
        assert len(cache) <= len(model)


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
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(300):
            cache.put(f"board:{number}", entry(f"t{number}", weight=weigh(encoded), value=decoder.decode(encoded)))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= cache.bytes * 1.25

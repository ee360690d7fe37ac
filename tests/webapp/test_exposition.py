"""The text of a scrape: what Prometheus's own library would say, but in slices."""

import asyncio
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from sites import Site

from webapp.exposition import LINES, SLICE_SECONDS, Exposition
from webapp.tallies import Durations, Tally

BOUNDS = (0.001, 0.5, 1.0)


def shown(text: bytes) -> dict[tuple[str, str], dict[tuple[str, tuple[tuple[str, str], ...]], str]]:
    """What a text says: the value of each series, by the name and kind of its metric. (NaN is not itself.)"""
    return {
        (family.name, family.type): {
            (sample.name, tuple(sorted(sample.labels.items()))): repr(float(sample.value)) for sample in family.samples
        }
        for family in text_string_to_metric_families(text.decode())
    }


@pytest.mark.gen_test(timeout=30)
async def test_a_scrape_says_what_the_library_would_say(site: Site) -> None:
    """Names, kinds, labels and values of every series, from the first scrape on and after some use."""
    metrics = site.resources.metrics
    for _ in range(2):
        ours, theirs = shown(await metrics.exposition()), shown(generate_latest(metrics.registry))
        assert ours.keys() == theirs.keys()
        moving = ("process", "hotseat_event_loop", "hotseat_lease", "hotseat_backend")
        for family, series in theirs.items():
            assert ours[family].keys() == series.keys()
            if not family[0].startswith(moving):
                assert ours[family] == series
        ada = await site.join()
        await ada.board()
        await ada.browser.get("/nothing")


@pytest.mark.asyncio
async def test_what_is_awkward_to_write_is_written_as_the_library_does() -> None:
    """Quotes, backslashes and lines in labels and texts; numbers without end."""
    registry = CollectorRegistry()
    gauge = Gauge("awkward", 'One\nline, a \\ and a "quote".', ("a", "b"), registry=registry)
    for number, value in enumerate((math.inf, -math.inf, math.nan, 0.1, 1e300, 1e-7, -0.0, 3)):
        gauge.labels(f'"{number}"\n\\', "ü 🂡").set(value)
    Info("what", "Runs.", registry=registry).info({"version": "1"})
    Histogram("took", "Time.", buckets=BOUNDS, registry=registry).observe(0.7)
    Counter("came", "Came.", registry=registry).inc(2)
    theirs = shown(generate_latest(registry))
    for name in ("took", "came"):
        theirs.pop((f"{name}_created", "gauge"), None)
    ours = shown(await Exposition(registry.collect).text())
    assert {name: series for name, series in ours.items() if not name[0].endswith("_created")} == theirs


@pytest.mark.asyncio
async def test_heads_of_lines_follow_when_series_change() -> None:
    """They do not here; a collector of somebody else's might."""
    values = {"a": 1, "b": 2}

    class Changing(Collector):
        def collect(self) -> Iterator[Metric]:
            family = GaugeMetricFamily("things", "Some.", labels=("name",))
            for name, value in values.items():
                family.add_metric((name,), value)
            yield family

    exposition = Exposition(Changing().collect)
    for changed in ({"a": 1, "b": 2}, {"b": 3, "a": 4}, {"c": 5}, {"a": 1, "b": 2, "c": 3}):
        values.clear()
        values.update(changed)
        lines = (await exposition.text()).decode().splitlines()[2:]
        assert lines == [f'things{{name="{name}"}} {value}' for name, value in changed.items()]


@pytest.mark.gen_test(timeout=30)
async def test_the_event_loop_turns_between_slices(site: Site) -> None:
    """After no more than a metric, or so many lines of it, if the time of a slice is over; and not before."""
    registry = site.resources.metrics.registry
    turns = await turns_while(Exposition(registry.collect, clock=itertools.count(0, SLICE_SECONDS).__next__).text)
    families = list(registry.collect())
    assert turns >= len(families) + sum(len(family.samples) // LINES for family in families)
    assert await turns_while(Exposition(registry.collect, clock=lambda: 0.0).text) <= 1


@pytest.mark.gen_test(timeout=30)
async def test_no_piece_of_a_scrape_is_long(site: Site) -> None:
    """One metric is collected at a time; those with many series are collected in plain loops (`tallies.py`)."""
    slow = {
        family.name: len(family.samples)
        for collector in {*site.resources.metrics.registry._collector_to_names}
        if not isinstance(collector, Tally | Durations)
        for family in collector.collect()
    }
    assert max(slow.values()) <= 60


async def turns_while(work: Callable[[], Any]) -> int:
    """How often the event loop turned meanwhile."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await asyncio.sleep(0)
    turns = 0
    await work()
    counting.cancel()
    return turns


@pytest.mark.asyncio
async def test_two_scrapes_at_once_say_the_same() -> None:
    """Somebody looks while Prometheus does."""
    registry = CollectorRegistry()
    for number in range(50):
        Gauge(f"g{number}", "A gauge.", registry=registry).set(number)
    exposition = Exposition(registry.collect, clock=itertools.count().__next__)
    one, two = await asyncio.gather(exposition.text(), exposition.text())
    assert one == two == generate_latest(registry)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 2, allow_nan=False)), max_size=30))
def test_tallies_count_as_the_library_does(told: list[tuple[str, float]]) -> None:
    """A counter and a histogram, whatever they are told, bounds included."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tally = Tally("came", "Came.", ("who", "how"), itertools.product("ab", "xy"))
    durations = Durations("took", "Time.", "who", "ab", BOUNDS)
    ours.register(tally)
    ours.register(durations)
    counter = Counter("came", "Came.", ("who", "how"), registry=theirs)
    histogram = Histogram("took", "Time.", ("who",), buckets=BOUNDS, registry=theirs)
    for who in "ab":
        histogram.labels(who)
        for how in "xy":
            counter.labels(who, how)
    for who, seconds in (*told, *((who, bound) for who in "ab" for bound in BOUNDS)):
        tally.add(who, "x")
        durations.observe(who, seconds)
        counter.labels(who, "x").inc()
        histogram.labels(who).observe(seconds)
    expected = {name: series for name, series in shown(generate_latest(theirs)).items() if "created" not in name[0]}
    assert shown(generate_latest(ours)) == expected


def test_a_series_there_is_not_is_refused() -> None:
    """Labels come from closed sets; one that does not is a bug, not a new series."""
    tally = Tally("came", "Came.", ("who",), [("a",)])
    with pytest.raises(KeyError):
        tally.add("b")
    with pytest.raises(KeyError):
        Durations("took", "Time.", "who", "a", BOUNDS).observe("b", 1.0)

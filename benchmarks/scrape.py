"""`python -m benchmarks.scrape`: what a scrape of a web process costs, what it holds up, and what counting costs.

A scrape is timed from outside, over HTTP, by another process. How long the event loop is held is CPU time of its thread
between two turns, so that other programs on the machine are not blamed on it.
"""

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from benchmarks.figures import Figure, Part, microseconds, table
from benchmarks.machine import machine
from benchmarks.rounds import Contender, in_turn
from cache import Link, open_cache
from deploy.local import single_store
from webapp.app import route_methods
from webapp.handlers.internal import Exposition
from webapp.metrics import OTHER, REQUEST_BUCKETS, STATUSES, Metrics
from webapp.settings import from_mapping
from webapp.tallies import Durations, Tally

MOST_SCRAPE_SECONDS: Final = 0.020
MOST_HELD_SECONDS: Final = 0.005
SECRET: Final = "s" * 40

SCRAPER: Final = """
import http.client, json, sys, time
took = []
for _ in range(int(sys.argv[2])):
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().count(b"\\n")
    took.append(time.perf_counter() - began)
    connection.close()
    time.sleep(0.01)
print(json.dumps(took))
"""


@click.command()
@click.option("--quick", is_flag=True, help="That everything works, in a few seconds; the figures mean little.")
def main(quick: bool) -> None:
    """A scrape, and what is counted with every request, over a Redis of its own."""
    with TemporaryDirectory() as folder, single_store("redis", Path(folder), dict(os.environ)) as redis:
        where = machine(redis.url)
        parts = asyncio.run(_measure(redis.url, quick=quick))
    click.echo(table([["", ""], *([name, text] for name, text in where.items())]))
    for part in parts:
        rows = [["what", "measured", "wanted"]]
        for figure in part.figures:
            wanted = "" if figure.target is None else f"at most {figure.target:g}"
            rows.append([figure.what, f"{figure.value:.2f} {figure.unit}", wanted])
        click.echo(f"\n## {part.title}\n\n{part.how}\n\n{table(rows)}")
        if part.table:
            click.echo(f"\n{table(part.table)}")


async def _measure(url: str, *, quick: bool) -> list[Part]:
    scrapes, rounds = (10, 2) if quick else (200, 51)
    settings = from_mapping(
        {"REDIS_URL": url, "MONGODB_URL": "mongodb://x", "SECRET_KEYS": SECRET, "AFFINITY_KEY": SECRET}
    )
    async with open_cache(url, hot_bytes=64 << 20) as cache:
        metrics = Metrics(settings, "0", route_methods())
        metrics.watch(cache)
        return [await _scrape(metrics, scrapes), await _counting(rounds), await _bytes(url, rounds)]


# --- a scrape --------------------------------------------------------------------------------------------------------


async def _scrape(metrics: Metrics, scrapes: int) -> Part:
    listening = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([(r"/metrics", Exposition, {"metrics": metrics})], log_function=lambda _: None))
    server.add_sockets(listening)
    port = listening[0].getsockname()[1]
    scraper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRAPER, str(port), str(scrapes), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await scraper.communicate()
    server.stop()
    took = json.loads(out)
    whole, longest = await _held(metrics.exposition, scrapes)
    text = await metrics.exposition()
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    figures = [
        Figure("a scrape, from outside, median", median(took) * 1e3, "ms", MOST_SCRAPE_SECONDS * 1e3, True),
        Figure("the same, the slowest", max(took) * 1e3, "ms"),
        Figure("the event loop is held, at most, median", longest * 1e3, "ms", MOST_HELD_SECONDS * 1e3, True),
        Figure("the text, CPU time, median", whole * 1e3, "ms"),
        Figure("the same text made by the library, in one go", _library(metrics, scrapes) * 1e3, "ms"),
        Figure("series", series, ""),
        Figure("text", len(text) / 1024, "KiB"),
    ]
    return Part(
        "A scrape", f"{scrapes} scrapes of a web process's metrics, hot copies on, nothing else to do.", figures
    )


async def _held(work: Callable[[], Awaitable[Any]], scrapes: int) -> tuple[float, float]:
    """CPU seconds of all of it, and of its longest piece between two turns of the loop; medians."""
    wholes, longest = [], []
    for _ in range(scrapes):
        turns: list[float] = []

        async def turn(turns: list[float] = turns) -> None:
            while True:
                turns.append(time.thread_time())
                await asyncio.sleep(0)

        turning = asyncio.create_task(turn())
        await asyncio.sleep(0)
        began = time.thread_time()
        await work()
        wholes.append(time.thread_time() - began)
        await asyncio.sleep(0)
        turning.cancel()
        longest.append(max(after - before for before, after in itertools.pairwise(turns)))
    return median(wholes), median(longest)


def _library(metrics: Metrics, scrapes: int) -> float:
    took = []
    for _ in range(scrapes // 4):
        began = time.thread_time()
        generate_latest(metrics.registry)
        took.append(time.thread_time() - began)
    return median(took)


# --- what is counted with every request ------------------------------------------------------------------------------


async def _counting(rounds: int) -> Part:
    """A request's count and time, in plain numbers and by the library."""
    routes = list(route_methods())
    tally = Tally("a", "A.", ("route", "method", "status"), itertools.product(routes, ("GET", OTHER), STATUSES))
    durations = Durations("b", "B.", "route", routes, REQUEST_BUCKETS)
    registry = CollectorRegistry()
    counter = Counter("a", "A.", ("route", "method", "status"), registry=registry)
    histogram = Histogram("b", "B.", ("route",), buckets=REQUEST_BUCKETS, registry=registry)

    async def plain(calls: int) -> None:
        for _ in range(calls):
            tally.add("board", "GET", "2xx")
            durations.observe("board", 0.003)

    async def library(calls: int) -> None:
        for _ in range(calls):
            counter.labels("board", "GET", "2xx").inc()
            histogram.labels("board").observe(0.003)

    seconds = await in_turn({"plain": Contender(plain, 5000), "library": Contender(library, 5000)}, rounds)
    figures = [
        Figure("a request counted and timed", seconds["plain"] * 1e6, "us"),
        Figure("the same by the library", seconds["library"] * 1e6, "us"),
    ]
    return Part("Counting a request", f"{rounds} rounds in turn, medians.", figures)


async def _bytes(url: str, rounds: int) -> Part:
    """A GET over a link whose streams count, and over one whose streams do not."""
    counting, plain = Link(url), Link(url)
    for link in (counting, plain):
        await link.ask("count", ("SET", "k", b"x" * 200))
    vendor: Any = plain._connection._vendor if plain._connection is not None else None
    vendor._reader.__class__, vendor._writer.__class__ = asyncio.StreamReader, asyncio.StreamWriter
    rows = [["callers", "counting, us", "not counting, us", "times"]]
    for callers in (1, 64):
        contenders = {
            name: Contender(_gets(link, callers), 6400) for name, link in (("counting", counting), ("plain", plain))
        }
        seconds = await in_turn(contenders, rounds)
        times = seconds["counting"] / seconds["plain"]
        rows.append([str(callers), *(microseconds(seconds[each]) for each in ("counting", "plain")), f"{times:.3f}"])
    for link in (counting, plain):
        await link.close()
    return Part("Counting bytes", f"GET of 200 bytes over the link, {rounds} rounds in turn, medians.", [], rows)


def _gets(link: Link, callers: int) -> Callable[[int], Awaitable[None]]:
    async def caller(calls: int) -> None:
        for _ in range(calls):
            await link.ask("read", ("GET", "k"), again=True)

    async def run(calls: int) -> None:
        await asyncio.gather(*(caller(calls // callers) for _ in range(callers)))

    return run


if __name__ == "__main__":
    main()

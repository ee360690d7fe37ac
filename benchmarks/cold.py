"""A thousand ask for one cold key at once, in three processes: how often is it loaded?

`python -m benchmarks.cold URL CALLERS` is one of the processes. It says `ready`, waits for a line, asks, and prints how
many loads it made.
"""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from typing import Final

import click

from benchmarks.figures import Figure, Part
from benchmarks.hits import Board
from cache import open_cache

CALLERS: Final = (334, 333, 333)  # of each process
LOAD_SECONDS: Final = 0.05
START_SECONDS: Final = 30.0


def measure(url: str) -> Part:
    """The loads of all processes together."""
    processes = [_start(url, callers) for callers in CALLERS]
    try:
        for process in processes:
            _expect(process, "ready")
        began = time.perf_counter()
        for process in processes:
            _tell(process, "go")
        outcomes = [_outcome(process) for process in processes]
        seconds = time.perf_counter() - began
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    loads = sum(loads for loads, _ in outcomes)
    how = (
        f"{sum(CALLERS):,} concurrent `Region.get` of one key that nobody holds, over {len(CALLERS)} processes with "
        f"hot caches; the load takes {LOAD_SECONDS * 1e3:.0f} ms. All were answered after {seconds * 1e3:.0f} ms."
    )
    rows = [["process", "callers", "loads", "answered by"]]
    for number, (callers, (made, tiers)) in enumerate(zip(CALLERS, outcomes, strict=True), 1):
        rows.append([str(number), str(callers), str(made), tiers])
    return Part(
        "A thousand callers of one cold key", how, [Figure("loads of one cold key", loads, "", 1, at_most=True)], rows
    )


@click.command()
@click.argument("url")
@click.argument("callers", type=int)
def main(url: str, callers: int) -> None:
    """One of the processes; see `measure`."""
    asyncio.run(_ask(url, callers))


async def _ask(url: str, callers: int) -> None:
    loads = 0

    async def load() -> Board:
        nonlocal loads
        loads += 1
        await asyncio.sleep(LOAD_SECONDS)
        return Board(("wish you were here",))

    async with open_cache(url, hot_bytes=1 << 20) as cache:
        boards = cache.region("cold", Board, ttl_seconds=60)
        if not await cache.trusted(START_SECONDS):
            raise click.ClickException(f"the lease was not granted: {cache.state()}")
        click.echo("ready")
        await asyncio.to_thread(sys.stdin.readline)
        answers = await asyncio.gather(*(boards.get("everybodys", load) for _ in range(callers)))
    tiers = Counter(answer.tier for answer in answers)
    click.echo(f"{loads} {', '.join(f'{tier} {count}' for tier, count in sorted(tiers.items()))}")


def _start(url: str, callers: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.cold", url, str(callers)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def _expect(process: "subprocess.Popen[str]", line: str) -> None:
    said = process.stdout.readline().strip() if process.stdout else ""
    if said != line:
        raise AssertionError(f"a process said {said!r} instead of {line!r}")


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin:
        process.stdin.write(f"{line}\n")


def _outcome(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Loads made, and tiers that answered."""
    loads, _, tiers = (process.stdout.readline().strip() if process.stdout else "").partition(" ")
    return int(loads), tiers


if __name__ == "__main__":
    main()

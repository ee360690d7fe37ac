"""`python -m benchmarks.eviction`: replays every load through every engine, times them, and prints the tables."""

from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.eviction.generators import synthetic_loads
from benchmarks.eviction.policies import ENGINES
from benchmarks.eviction.replay import SHARES, replay_all
from benchmarks.eviction.report import markdown, write_json
from benchmarks.eviction.timing import costs
from benchmarks.eviction.traces import read_traces


@dataclass(frozen=True)
class Size:
    """Of a run: requests of each load, entries of the caches that are timed, sizes of those that are not."""

    requests: int
    entries: int
    shares: tuple[float, ...]


FULL = Size(requests=100_000, entries=200_000, shares=SHARES)
QUICK = Size(requests=8_000, entries=10_000, shares=(0.1, 0.3))


@click.command()
@click.option("--traces", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of *.trace.xz.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
@click.option("--markdown", "markdown_file", type=click.Path(dir_okay=False, path_type=Path), help="The tables too.")
@click.option("--seed", default=1, show_default=True, help="Of the synthetic loads and of all sizes.")
@click.option("--quick", is_flag=True, help="Short loads and small caches: that it works, not how well.")
def main(traces: Path | None, json_file: Path | None, markdown_file: Path | None, seed: int, quick: bool) -> None:
    """Hit ratios and costs of the hot cache's engine beside others', and beside the optimum."""
    size = QUICK if quick else FULL
    loads = synthetic_loads(seed, size.requests)
    if traces is not None:
        loads += read_traces(traces, seed, size.requests if quick else None)
    cells = list(replay_all(loads, ENGINES, size.shares))
    found = costs(ENGINES, size.entries)
    tables = markdown(cells, found, size.entries, judged=not quick)
    if json_file is not None:
        write_json(json_file, cells, found)
    if markdown_file is not None:
        markdown_file.write_text(tables)
    click.echo(tables)


if __name__ == "__main__":
    main()

"""`python -m benchmarks`: measures the cache beside what one would use instead, and writes the report."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks import cold, engines, hits, link, trips
from benchmarks.machine import machine
from benchmarks.report import as_data, document, targets
from deploy.local import single_store

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--traces", type=FOLDER, help="Folder of real traces (*.trace.xz) for the comparison of engines.")
@click.option("--json", "json_file", type=FILE, help="Write the figures here, for a program to read.")
@click.option("--markdown", "markdown_file", type=FILE, help="Write the report here.")
@click.option("--quick", is_flag=True, help="That everything works, in less than a minute; the figures mean little.")
def main(traces: Path | None, json_file: Path | None, markdown_file: Path | None, quick: bool) -> None:
    """The link, hot hits, round trips, cold keys and eviction, over a Redis of its own."""
    with TemporaryDirectory() as folder, single_store("redis", Path(folder), _environ()) as redis:
        where = machine(redis.url)
        parts = [
            link.measure(redis.url, quick=quick),
            hits.measure(redis.url, quick=quick),
            trips.measure(redis.url),
            cold.measure(redis.url),
        ]
    eviction, found = engines.measure(traces, quick=quick)
    parts.append(eviction)
    if markdown_file is not None:
        markdown_file.write_text(document(where, parts))
    if json_file is not None:
        json_file.write_text(json.dumps(as_data(where, parts, found), indent=1) + "\n")
    click.echo(targets(parts))


def _environ() -> dict[str, str]:
    """This one's, without anything that would put another Redis in the place of its own."""
    return {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "REDIS_PORT")}


if __name__ == "__main__":
    main()

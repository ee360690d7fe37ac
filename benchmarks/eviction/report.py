"""The outcome as tables a person reads and as data a program reads."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from benchmarks.eviction.policies import ENGINES, Hotseat, Lru
from benchmarks.eviction.replay import Cell
from benchmarks.eviction.timing import Cost

TARGET_MEAN_POINTS = 2.5
TARGET_WORST_POINTS = -1.0
COUNT_ONLY = {engine.name for engine in ENGINES if not engine.bounds_bytes}


@dataclass(frozen=True)
class Standing:
    """How far above LRU, in points of hit ratio, over many cells."""

    mean: float
    worst: float
    worst_cell: str


def standing(cells: Sequence[Cell], engine: str, ratio: Callable[[Cell], Mapping[str, float]]) -> Standing:
    above = [(100 * (ratio(cell)[engine] - ratio(cell)[Lru.name]), _named(cell)) for cell in cells]
    worst, worst_cell = min(above)
    return Standing(sum(points for points, _ in above) / len(above), worst, worst_cell)


def markdown(cells: Sequence[Cell], costs: Mapping[str, Cost], entries: int, *, judged: bool) -> str:
    """Everything, as one document."""
    parts = [
        "# What to keep: the hot cache beside other engines",
        _verdict(cells) if judged else "A quick run: it shows that everything works, and nothing else.",
        "## Hit ratio over LRU, in points",
        _standings(cells),
        "## The same by load",
        _standings_by_load(cells),
        f"## Costs of a full cache; the longest put and the collection with {entries:,} entries",
        _costs(costs),
        *_hit_ratios(cells, "equal", "Hit ratio by requests, values of equal weight", by_requests),
        *_hit_ratios(cells, "bytes", "Hit ratio by requests, values of different weights", by_requests),
        *_hit_ratios(cells, "bytes", "Hit ratio by bytes, values of different weights", by_bytes),
        "`*` cannot bound bytes: it may hold as many entries as would fit, were they all of the mean weight.",
        "The optimum is Belady's for equal weights, and for different ones a bound that nobody reaches (PFOO-U).",
    ]
    return "\n\n".join(parts) + "\n"


def write_json(path: Path, cells: Sequence[Cell], costs: Mapping[str, Cost]) -> None:
    standings = {
        engine: {
            "by_requests": asdict(standing(cells, engine, by_requests)),
            "by_bytes": asdict(standing(cells, engine, by_bytes)),
        }
        for engine in cells[0].hit_ratio
    }
    document = {
        "standings": standings,
        "costs": {engine: asdict(cost) for engine, cost in costs.items()},
        "cells": [asdict(cell) for cell in cells],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def by_requests(cell: Cell) -> Mapping[str, float]:
    return cell.hit_ratio


def by_bytes(cell: Cell) -> Mapping[str, float]:
    return cell.byte_hit_ratio


def _verdict(cells: Sequence[Cell]) -> str:
    ours = standing(cells, Hotseat.name, by_requests)
    met = ours.mean >= TARGET_MEAN_POINTS and ours.worst >= TARGET_WORST_POINTS
    return (
        f"Over {len(cells)} cells {Hotseat.name} is {ours.mean:+.2f} points above LRU in the mean and "
        f"{ours.worst:+.2f} in the worst cell ({ours.worst_cell}). The target, {TARGET_MEAN_POINTS:+} and "
        f"{TARGET_WORST_POINTS:+}, is {'met' if met else 'NOT MET'}."
    )


def _standings(cells: Sequence[Cell]) -> str:
    rows = []
    for engine in cells[0].hit_ratio:
        equal = standing([cell for cell in cells if cell.sizing == "equal"], engine, by_requests)
        sized = standing([cell for cell in cells if cell.sizing == "bytes"], engine, by_requests)
        overall, in_bytes = standing(cells, engine, by_requests), standing(cells, engine, by_bytes)
        means = [f"{points.mean:+.2f}" for points in (overall, equal, sized, in_bytes)]
        worst = [f"{overall.worst:+.2f}", overall.worst_cell, f"{in_bytes.worst:+.2f}"]
        rows.append([_marked(engine), *means, *worst])
    head = ["engine", "mean", "equal weights", "different weights", "mean by bytes", "worst", "where", "worst by bytes"]
    return _table(head, rows)


def _standings_by_load(cells: Sequence[Cell]) -> str:
    engines = list(cells[0].hit_ratio)
    rows = [
        [load, *(f"{standing(of_load, engine, by_requests).mean:+.2f}" for engine in engines)]
        for load, of_load in _grouped(cells)
    ]
    return _table(["load", *map(_marked, engines)], rows)


def _costs(costs: Mapping[str, Cost]) -> str:
    ours = costs[Hotseat.name]
    rows = [
        [
            engine,
            f"{cost.get_us:.2f}",
            f"{cost.get_us / ours.get_us:.2f}",
            f"{cost.put_us:.2f}",
            f"{cost.put_us / ours.put_us:.2f}",
            f"{cost.longest_put_ms:.2f}",
            f"{cost.collection_ms:.2f}",
            str(cost.survived_inserts),
        ]
        for engine, cost in costs.items()
    ]
    head = ["engine", "get us", "to ours", "put us", "to ours", "longest put ms", "full collection ms"]
    return _table([*head, "inserts that a new key survives in a warm cache of 1,000"], rows)


def _hit_ratios(
    cells: Sequence[Cell], sizing: str, title: str, ratio: Callable[[Cell], Mapping[str, float]]
) -> Iterable[str]:
    chosen = [cell for cell in cells if cell.sizing == sizing]
    if not chosen:
        return
    engines = list(chosen[0].hit_ratio)
    rows = [
        [load, f"{cell.share:.0%}", *(f"{100 * ratio(cell)[engine]:.1f}" for engine in engines)]
        for load, of_load in _grouped(chosen)
        for cell in of_load
    ]
    yield f"## {title}, in per cent"
    yield _table(["load", "size", *(_marked(engine) if sizing == "bytes" else engine for engine in engines)], rows)


def _grouped(cells: Sequence[Cell]) -> Iterable[tuple[str, list[Cell]]]:
    return ((load, list(of_load)) for load, of_load in groupby(cells, key=lambda cell: cell.load))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _marked(engine: str) -> str:
    return f"{engine}*" if engine in COUNT_ONLY else engine


def _named(cell: Cell) -> str:
    return f"{cell.load}, {cell.sizing}, {cell.share:.0%}"

"""Real traces: folders of `*.trace.xz`, each an xz stream of big-endian 32-bit keys, as the cache2k project has them.

The traces carry no sizes, so each key is given one from a seed.
"""

import lzma
import sys
from array import array
from pathlib import Path

from benchmarks.eviction.load import Load, seeded, weighed

MEDIAN_BYTES = {"page": 700}


def read_traces(folder: Path, seed: int, requests: int | None = None) -> list[Load]:
    """A load of each trace in the folder, of its first so many requests."""
    return [read_trace(path, seed, requests) for path in sorted(folder.glob("*.trace.xz"))]


def read_trace(path: Path, seed: int, requests: int | None = None) -> Load:
    numbers = array("i", lzma.decompress(path.read_bytes()))
    if sys.byteorder == "little":
        numbers.byteswap()
    name = path.name.removesuffix(".trace.xz")
    return weighed(name, [f"page:{number}" for number in numbers[:requests]], seeded(name, seed), MEDIAN_BYTES)

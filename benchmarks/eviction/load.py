"""A load: which keys are asked for, in order, and what each of them weighs."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from cache.hot import weigh

SMALLEST_VALUE_BYTES = 60
LARGEST_VALUE_BYTES = 24_000
EQUAL_WEIGHT = 4096


@dataclass(frozen=True)
class Load:
    """`weights` has every key of `requests`, in bytes as the hot cache counts them, and no other."""

    name: str
    requests: Sequence[str]
    weights: Mapping[str, int]

    @property
    def equal(self) -> "Load":
        """The same requests, with values that all weigh the same."""
        return Load(self.name, self.requests, dict.fromkeys(self.weights, EQUAL_WEIGHT))

    @property
    def footprint_bytes(self) -> int:
        """What a cache would have to hold to keep everything."""
        return sum(self.weights.values())


def seeded(*seed: object) -> random.Random:
    """The same numbers for the same seed, on every machine and in every process."""
    return random.Random("/".join(map(str, seed)))  # noqa: S311 - chooses keys and sizes, guards nothing


def weighed(name: str, requests: Sequence[str], rng: random.Random, median_bytes: Mapping[str, int]) -> Load:
    """Gives each key a size around the median of its kind, which is the part of the key before the colon."""
    return Load(name, requests, {key: _weight(rng, median_bytes[key.split(":")[0]]) for key in _distinct(requests)})


def _distinct(requests: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(requests)


def _weight(rng: random.Random, median_bytes: int) -> int:
    value_bytes = rng.lognormvariate(log(median_bytes), 0.8)
    return weigh(int(min(max(value_bytes, SMALLEST_VALUE_BYTES), LARGEST_VALUE_BYTES)))

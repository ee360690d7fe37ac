"""The only source of randomness in the seed content: numbered streams that depend on the seed and a name alone.

Each part of the content has a stream of its own, so that asking for more cards leaves the people as they are.
"""

from functools import lru_cache
from itertools import accumulate
from random import Random


def stream(seed: int, *name: str | int) -> Random:
    """The stream called `name`; the same on every machine and in every process."""
    return Random("/".join(str(part) for part in ("hotseat", seed, *name)))  # noqa: S311  nothing secret comes of it


@lru_cache(maxsize=8)
def zipf(count: int, exponent: float) -> tuple[float, ...]:
    """Cumulative weights of Zipf's law for ranks 1 to `count`, as `Random.choices` takes them (`cum_weights`)."""
    return tuple(accumulate((rank + 1) ** -exponent for rank in range(count)))

"""Generations: whether anything happened to a name since one looked, in a fixed amount of memory.

Names share slots by hash, so a change of one may look like a change of another: harmless, because whoever sees a
change only asks again. The other way round cannot happen.
"""

SLOTS = 4096


class Generations:
    """A counter per name, roughly."""

    def __init__(self) -> None:
        self._slots = [0] * SLOTS

    def of(self, name: str) -> int:
        """Rises with each `bump` of this name."""
        return self._slots[hash(name) % SLOTS]

    def bump(self, name: str) -> None:
        """Something happened to this name."""
        self._slots[hash(name) % SLOTS] += 1

    def bump_all(self) -> None:
        """Something may have happened to every name."""
        self._slots = [generation + 1 for generation in self._slots]

"""What can go wrong in `cache`, as one tree.

CacheError
├── Misuse            a key, tag, limit or value the caller should not have given (also a ValueError)
├── Unavailable       Redis did not answer in time, or not at all; whether a write happened is unknown
├── Overloaded        a bound was reached: too many loads waiting; nothing was done, try again later
└── Refused           a write's precondition did not hold (its session is gone); nothing was done
"""


class CacheError(Exception):
    """The base of everything this package raises on its own account."""


class Misuse(CacheError, ValueError):
    """The caller gave something that can never work; the message names it."""


class Unavailable(CacheError):
    """Redis is slow or gone. `operation` is the kind of call that failed."""

    def __init__(self, operation: str, cause: str) -> None:
        super().__init__(f"Redis did not answer ({operation}): {cause}")
        self.operation = operation


class Overloaded(CacheError):
    """No room for another load in this process. `region` is where it was refused."""

    def __init__(self, region: str) -> None:
        super().__init__(f"too many loads are waiting in region {region!r}")
        self.region = region


class Refused(CacheError):
    """The record that had to exist for this write does not exist any more."""

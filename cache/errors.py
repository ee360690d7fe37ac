"""What can go wrong in `cache`, as one tree.

CacheError
├── Misuse            a key, tag, limit or value the caller should not have given (also a ValueError)
├── Unavailable       Redis (or a load) did not answer in time, or not at all; whether a write happened is unknown
│   └── ErrorReply    Redis answered with an error (full, read-only, a key of another type); nothing was done
├── Overloaded        a bound was reached: too much is waiting already; nothing was done, try again later
└── Refused           a write's precondition did not hold (its session is gone); nothing was done
"""


class CacheError(Exception):
    """The base of everything this package raises on its own account."""


class Misuse(CacheError, ValueError):
    """The caller gave something that can never work; the message names it."""


class Unavailable(CacheError):
    """Something asked is slow or gone. `operation` is the kind of call that failed, `cause` why."""

    def __init__(self, operation: str, cause: str) -> None:
        super().__init__(f"no answer ({operation}): {cause}")
        self.operation = operation
        self.cause = cause


class ErrorReply(Unavailable):
    """Redis refused a command. `code` is the error's first word: OOM, READONLY, WRONGTYPE, NOSCRIPT, ..."""

    def __init__(self, code: str, text: str) -> None:
        CacheError.__init__(self, f"Redis answered with an error: {code} {text}")
        self.operation = "reply"
        self.code = code
        self.cause = f"{code} {text}"


class Overloaded(CacheError):
    """No room for more in this process. `what` is what was refused: a region's load, or a call on the link."""

    def __init__(self, what: str) -> None:
        super().__init__(f"too much is waiting: {what}")
        self.what = what


class Refused(CacheError):
    """The record that had to exist for this write does not exist any more."""

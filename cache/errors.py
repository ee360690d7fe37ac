"""What can go wrong in `cache`, as one tree.

CacheError
├── Misuse            a key, tag, limit or value the caller should not have given (also a ValueError)
├── Unavailable       Redis (or a load) did not answer in time, or not at all; whether a write happened is unknown
│   └── ErrorReply    Redis answered with an error (full, read-only, a key of another type); nothing was done
├── Overloaded        a bound was reached: too much is waiting already; nothing was done, try again later
├── Refused           a write's precondition did not hold (its session is gone); nothing was done
├── Repeated          this write was answered before; carries that answer
├── Reused            the key of another write was used for this one; nothing was done
└── OverQuota         the owner has done too much of this for now; nothing was done
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


class Repeated(CacheError):
    """The write was done and answered before. `answer` is what was remembered, `version` the owner's version now."""

    def __init__(self, answer: bytes, version: int) -> None:
        super().__init__("this write was answered before")
        self.answer = answer
        self.version = version


class Reused(CacheError):
    """The key of a write was used before, for something else."""

    def __init__(self) -> None:
        super().__init__("this key belongs to another write")


class OverQuota(CacheError):
    """`name` is the quota that is used up, `retry_seconds` when there is room again."""

    def __init__(self, name: str, retry_seconds: float) -> None:
        super().__init__(f"the quota {name!r} is used up for another {retry_seconds:.0f} s")
        self.name = name
        self.retry_seconds = retry_seconds

"""The history of a run: every request that was sent, and everything that was done to the site meanwhile.

What is written is told by numbers that rise, so that an older value is known when it is seen: a browser that writes a
theme writes `theme 1`, `theme 2`, ... Times are seconds of CLOCK_BOOTTIME, of one machine.

Nothing is decided here; see `lab.checker`.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

Outcome = Literal["done", "refused", "unknown"]
"""`done`: an answer says so. `refused`: an answer says that nothing was done. `unknown`: neither, it may have happened
or may happen yet."""

Kind = Literal["read", "write", "login", "logout", "revoke"]
"""`revoke` ends other sessions of the same user; see `Request.ends`."""

Change = Literal["planned", "slight", "kill", "hang", "outage", "other"]
"""From the gentlest to the wildest. `planned`: done in order; no request may fail. `slight`: something is off that
nobody may feel but in time, such as a longer way; no request may fail. `kill`: an instance died without a word; no GET
may fail. `hang`: one said nothing for a while, and woke up; no GET may fail. `outage`: a backing service was away, the
outage contract holds. `other`: nothing is promised of single requests."""


NEVER: Final = 1e12
"""A moment that does not come, and that JSON can hold."""


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request of one browser, and what came of it.

    `user` is the person logged in ("" for nobody), `browser` one cookie jar of theirs, `session` one log-in of that
    browser. `ended` is when the answer was read, or when it was given up. `status` 0: there was no answer.

    `wrote` and `saw` hold the numbers of registers of the user who asks (`theme`, `name`, ...), `made` and `shown` ids:
    of the cards that were written or liked, and of those an answer showed as such; `missing` are those it spoke of and
    did not show so (a card that is 404, a like that is not there). The id of a like differs from its card's. `owner` is
    whose data the answer says it is, "" where it is nobody's own. `count` is how many cards of that owner there are by
    the answer. `version` is what `/me` and `/board` answer with.
    """

    started: float
    ended: float
    user: str
    browser: str
    session: str
    kind: Kind
    method: str
    route: str
    outcome: Outcome
    status: int = 0
    instance: str = ""
    key: str = ""
    wrote: dict[str, int] = {}
    saw: dict[str, int] = {}
    made: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    owner: str = ""
    count: int | None = None
    version: int | None = None
    ends: tuple[str, ...] = ()
    stale: str = ""
    tiers: dict[str, str] = {}
    sent_bytes: int = 0
    received_bytes: int = 0
    note: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.started

    @property
    def failed(self) -> bool:
        """No answer, or one that says that the server could not."""
        return self.status == 0 or self.status >= 500


class Disturbance(msgspec.Struct, frozen=True):
    """Something that was done to the site: what, to which part, from when until when it was undone.

    `settled` is when the site had what it needs again (processes in service, links up), NEVER if it did not; what a
    promise says about a fault holds until then. `loses` says what may be lost by it, in words, "" for nothing; `losing`
    names it: registers, `cards` (likes too), `sessions`, `versions`. Lost is what was acknowledged at most
    `losing_seconds` before it started, None: however long before, or until it was settled.
    """

    started: float
    ended: float
    settled: float
    change: Change
    name: str
    part: str
    loses: str = ""
    losing: tuple[str, ...] = ()
    losing_seconds: float | None = 0.0
    stales: tuple[str, ...] = ()
    """The parts for which old copies may have stood in, if they said so: those of one instance (`web-2`, its link
    `web-2-redis`) at that one, others at all of them."""


class History(msgspec.Struct):
    """A whole run. `bound_seconds` is B of the promises; `mode` is `sticky` or `stateless`.

    `stale_seconds` is for how long a copy may stand in for Redis, `idle_seconds` after what time unused sessions end,
    `absolute_seconds` after what time all of them do, counted from the log-in.
    `of_sessions` are the registers that each session has for itself; all others are the user's.
    """

    mode: str
    bound_seconds: float
    stale_seconds: float = 60.0
    idle_seconds: float = 1800.0
    absolute_seconds: float = 28800.0
    of_sessions: tuple[str, ...] = ("theme",)
    requests: list[Request] = []
    disturbances: list[Disturbance] = []


def now() -> float:
    """Seconds of CLOCK_BOOTTIME: it goes on while the machine sleeps, and nobody sets it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def write_history(history: History, file: Path) -> None:
    """As JSON lines: the head, then one line for each disturbance and each request, in the order they began."""
    with file.open("wb") as out:
        head = msgspec.structs.replace(history, requests=[], disturbances=[])
        out.write(msgspec.json.encode(head) + b"\n")
        out.writelines(_lines(history))


def read_history(file: Path) -> History:
    """What `write_history` wrote; a last line that was cut off is left out. Raises ValueError for anything else."""
    with file.open("rb") as lines:
        try:
            history = msgspec.json.decode(next(lines, b""), type=History)
        except msgspec.DecodeError as error:
            raise ValueError(f"{file} is not a history: {error}") from error
        for line in lines:
            if not line.endswith(b"\n"):
                break
            what, found = line[:1], line[2:]
            if what == b"R":
                history.requests.append(msgspec.json.decode(found, type=Request))
            elif what == b"D":
                history.disturbances.append(msgspec.json.decode(found, type=Disturbance))
            else:
                raise ValueError(f"{file} is not a history: a line begins with {what!r}")
    return history


def encode_request(request: Request) -> bytes:
    """Its line of a file, the end of the line included."""
    return b"R " + msgspec.json.encode(request) + b"\n"


def encode_disturbance(disturbance: Disturbance) -> bytes:
    """Its line of a file, the end of the line included."""
    return b"D " + msgspec.json.encode(disturbance) + b"\n"


def _lines(history: History) -> Iterator[bytes]:
    both: Iterable[Request | Disturbance] = [*history.requests, *history.disturbances]
    for each in sorted(both, key=lambda each: each.started):
        yield encode_request(each) if isinstance(each, Request) else encode_disturbance(each)

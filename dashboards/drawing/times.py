"""The time that is shown, as a person gives it: so long until now, or from one moment to another."""

import datetime
import re
from typing import Final

from dashboards.drawing.errors import Misuse
from dashboards.drawing.intervals import Span, seconds_of

DEFAULT_LAST: Final = "15m"
SHORTEST_SECONDS: Final = 10.0
LONGEST_SECONDS: Final = 31 * 86_400.0

_RELATIVE: Final = re.compile(r"now(?:-(\w+))?")


def span_of(last: str | None, start: str | None, end: str | None, *, now: float) -> Span:
    """Raises Misuse for what is no time, goes backwards, or is too long."""
    if last and (start or end):
        raise Misuse("Say --last, or --from and --to, not both.")
    if end and not start:
        raise Misuse("--to needs --from.")
    until = _moment("--to", end, now) if end else now
    since = _moment("--from", start, now) if start else until - _seconds("--last", last or DEFAULT_LAST)
    if not SHORTEST_SECONDS <= until - since <= LONGEST_SECONDS:
        raise Misuse(f"A time from {SHORTEST_SECONDS:g} seconds to 31 days can be shown, beginning before its end.")
    return Span(since, until)


def _seconds(option: str, text: str) -> float:
    seconds = seconds_of(text)
    if not seconds:
        raise Misuse(f"{option} {text} is no length of time; write it like 15m, 6h or 2d.")
    return seconds


def _moment(option: str, text: str, now: float) -> float:
    if relative := _RELATIVE.fullmatch(text):
        return now - (_seconds(option, relative[1]) if relative[1] else 0.0)
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Misuse(f"{option} {text} is no time; write it like 2026-11-29T02:10, or now-1h.") from None

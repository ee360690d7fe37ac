"""Values in words: Grafana's units, as far as the dashboards use them, with three digits that matter."""

import math
from collections.abc import Callable
from typing import Final

NONE: Final = "-"  # what is said of no number

_DURATIONS: Final = (
    (1e-9, "ns"),
    (1e-6, "µs"),
    (1e-3, "ms"),
    (1.0, "s"),
    (60.0, "min"),
    (3600.0, "h"),
    (86_400.0, "d"),
)
_THOUSANDS: Final = (
    (1e-9, "n"),
    (1e-6, "µ"),
    (1e-3, "m"),
    (1.0, ""),
    (1e3, " K"),
    (1e6, " Mil"),
    (1e9, " Bil"),
    (1e12, " Tri"),
)
_BINARY: Final = tuple((float(1 << 10 * power), name) for power, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB")))
_DECIMAL: Final = tuple((10.0 ** (3 * power), name) for power, name in enumerate(("B", "kB", "MB", "GB", "TB")))
_RATES: Final = {"reqps": "req/s", "ops": "ops/s", "cps": "c/s", "rps": "reads/s", "wps": "writes/s", "eps": "evt/s"}


def told(value: float, unit: str, decimals: float | None = None) -> str:
    """A value as it is shown: `told(0.0123, "s")` is `12.3 ms`."""
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    places = None if decimals is None else max(0, int(decimals))
    return _UNITS.get(unit, _suffixed(unit))(value, places)


def knows(unit: str) -> bool:
    return unit in _UNITS or unit.startswith(("suffix:", "prefix:"))


def size_of(value: float, unit: str) -> float:
    """What a value of this size is told in, so that an axis can be divided as people count: 1024, 60, or 1."""
    steps = {"bytes": _BINARY, "binBps": _BINARY, "s": _DURATIONS, "dtdurations": _DURATIONS}.get(unit, ())
    return max((size for size, _ in steps if abs(value) >= size), default=1.0)


def _digits(value: float, places: int | None) -> str:
    if places is None:
        size = abs(value)
        places = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
        text = f"{value:.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:,.{places}f}".replace(",", " ")


def _scaled(
    steps: tuple[tuple[float, str], ...], *, lowest: float, gap: str = " "
) -> Callable[[float, int | None], str]:
    """In the largest step that leaves something before the point; never in one below `lowest`."""

    def say(value: float, places: int | None) -> str:
        usable = [step for step in steps if step[0] >= lowest]
        # Just below a step it would be rounded up to a thousand of the one before.
        size, name = next((step for step in reversed(usable) if abs(value) >= step[0] * 0.9995), usable[0])
        if value == 0:
            size, name = next(step for step in usable if step[0] >= 1)
        return f"{_digits(value / size, places)}{gap if name and not name.startswith(' ') else ''}{name}"

    return say


def _percent(factor: float) -> Callable[[float, int | None], str]:
    def say(value: float, places: int | None) -> str:
        shown = value * factor
        if places is None and 99 < shown < 100:  # what is missing from all matters, not what is there
            missing = 100 - shown
            places = min(4, max(1, 1 - math.floor(math.log10(missing))))
            return f"{_digits(min(shown, 100 - 10**-places), places).rstrip('0')} %"
        return f"{_digits(shown, places)} %"

    return say


def _suffixed(unit: str) -> Callable[[float, int | None], str]:
    kind, _, text = unit.partition(":")
    if kind == "prefix":
        return lambda value, places: f"{text}{_plain(value, places)}"
    suffix = text if kind == "suffix" else unit
    gap = "" if suffix.startswith(" ") or not suffix else " "
    return lambda value, places: f"{_plain(value, places)}{gap}{suffix}"


_short = _scaled(_THOUSANDS, lowest=1.0, gap="")


def _plain(value: float, places: int | None) -> str:
    return _short(value, places) if abs(value) >= 10_000 else _digits(value, places)


def _rate(name: str) -> Callable[[float, int | None], str]:
    return lambda value, places: f"{_plain(value, places)} {name}"


_UNITS: Final[dict[str, Callable[[float, int | None], str]]] = {
    "": _plain,
    "none": _plain,
    "short": _plain,
    "percent": _percent(1.0),
    "percentunit": _percent(100.0),
    "s": _scaled(_DURATIONS, lowest=1e-9),
    "dtdurations": _scaled(_DURATIONS, lowest=1.0),
    "ms": lambda value, places: _scaled(_DURATIONS, lowest=1e-9)(value / 1e3, places),
    "µs": lambda value, places: _scaled(_DURATIONS, lowest=1e-9)(value / 1e6, places),
    "bytes": _scaled(_BINARY, lowest=1.0),
    "decbytes": _scaled(_DECIMAL, lowest=1.0),
    "binBps": lambda value, places: f"{_scaled(_BINARY, lowest=1.0)(value, places)}/s",
    "Bps": lambda value, places: f"{_scaled(_DECIMAL, lowest=1.0)(value, places)}/s",
    **{unit: _rate(name) for unit, name in _RATES.items()},
}

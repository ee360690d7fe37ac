"""How figures are told in a verdict."""

from lab.compare.estimates import Estimate


def compare(before: Estimate, after: Estimate) -> tuple[float, bool]:
    """By which share the second is less, and whether the two can be told apart."""
    share = 1 - after.median / before.median if before.median else 0.0
    return share, not before.overlaps(after)


def in_ms(value: float) -> str:
    return f"{value:.2f} ms" if value < 10 else f"{value:.0f} ms"


def in_percent(share: float) -> str:
    value = share * 100
    return f"{value:.1f} %" if abs(value) < 10 else f"{value:.0f} %"


def counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"

"""What the figures say, in sentences: each is made from the figures, and left out where they do not allow it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lab.simulate.affinity import MOST_HEARD
from lab.simulate.result import Felt, Result

ALIKE_POINTS: Final = 0.01
NOTABLE_SHARE: Final = 0.1
NOTABLE_BYTES_PER_SECOND: Final = 10e6


def sentences(results: Sequence[Result]) -> list[str]:
    """What is to be learned from these runs; nothing from none."""
    largest = max((each.instances for each in results), default=0)
    there = {each.routing: each for each in results if each.instances == largest}
    said: list[str] = []
    if there:
        said += [_hit_rates(largest, there), *_redis(there), *_growth(results), *_balance(there)]
        said += [*_changes(there), *_invalidations(there), *_fleet_itself(next(iter(there.values())))]
    return said


def _hit_rates(largest: int, there: dict[str, Result]) -> str:
    rates = ", ".join(f"{routing} {_percent(each.hit_rate)}" for routing, each in there.items())
    text = f"With {_instances(largest)} this share of lookups is found hot: {rates}."
    sticky, hashed = there.get("sticky"), there.get("hash")
    if sticky and hashed:
        apart = sticky.hit_rate - hashed.hit_rate
        if abs(apart) < ALIKE_POINTS:
            text += " A cookie and a consistent hash are alike in this."
        else:
            text += f" {'The cookie' if apart > 0 else 'The hash'} is {abs(apart) * 100:.1f} points ahead."
    return text


def _redis(there: dict[str, Result]) -> Iterator[str]:
    sticky, turns = there.get("sticky"), there.get("round robin")
    if sticky and turns and turns.trips_per_request:
        yield (
            f"For each request stickiness goes to Redis {sticky.trips_per_request:.2f} times and reads "
            f"{sticky.reads_per_request:.2f} values there; hot copies without it go {turns.trips_per_request:.2f} "
            f"times and read {turns.reads_per_request:.2f}: "
            f"{_less(sticky.trips_per_request, turns.trips_per_request)} trips, "
            f"{_less(sticky.reads_per_request, turns.reads_per_request)} reads."
        )


def _growth(results: Sequence[Result]) -> Iterator[str]:
    for routing in dict.fromkeys(each.routing for each in results):
        own = sorted((each for each in results if each.routing == routing), key=lambda each: each.instances)
        if len(own) > 1:
            points = (own[-1].hit_rate - own[0].hit_rate) * 100
            change = (
                "stays where it is"
                if abs(points) < 1
                else f"{'rises' if points > 0 else 'falls'} by {abs(points):.1f} points"
            )
            yield f"From {own[0].instances:,} to {_instances(own[-1].instances)} the hit rate of {routing} {change}."


def _balance(there: dict[str, Result]) -> Iterator[str]:
    busiest = max(there.values(), key=lambda each: each.imbalance)
    rest = ", ".join(f"{each.imbalance:.2f} ({routing})" for routing, each in there.items())
    yield (
        f"The busiest instance has this many times the mean's requests: {rest}; most with {busiest.routing}, "
        f"where {_percent(busiest.above_share)} of the instances have more than 1.2 times."
    )


def _changes(there: dict[str, Result]) -> Iterator[str]:
    felt: Iterable[tuple[str, Felt]] = [(routing, each) for routing, run in there.items() for each in run.changes]
    low = [(routing, each) for routing, each in felt if each.recovered_seconds]
    if not any(run.changes for run in there.values()):
        return
    if not low:
        yield "No change was felt by those concerned."
        return
    routing, worst = max(low, key=lambda pair: pair[1].before - pair[1].lowest)
    yield (
        f"The deepest fall for those concerned is at {worst.change} with {routing}: from {_percent(worst.before)} to "
        f"{_percent(worst.lowest)} within 5 s; the last low moment is {worst.recovered_seconds:.0f} s after the change."
    )
    sticky = {each.change: each for each in there["sticky"].changes} if "sticky" in there else {}
    warm, cold = sticky.get("restart"), sticky.get("cold restart")
    if warm and cold:
        yield f"A sticky instance restarted with its manifest {_fell(warm)}; without it, it {_fell(cold)}."


def _fell(felt: Felt) -> str:
    if not felt.recovered_seconds:
        return f"keeps its hit rate of {_percent(felt.before)}"
    return f"falls from {_percent(felt.before)} to {_percent(felt.lowest)}"


def _invalidations(there: dict[str, Result]) -> Iterator[str]:
    told = {routing: each for routing, each in there.items() if each.told_per_write}
    if told:
        rest = ", ".join(f"{each.told_per_write:.1f} ({routing})" for routing, each in told.items())
        yield f"A write makes Redis send this many messages about sessions, profiles and boards: {rest}."


def _fleet_itself(each: Result) -> Iterator[str]:
    share = each.fleet_trips_per_second / (each.fleet_trips_per_second + each.trips_per_second)
    if share > NOTABLE_SHARE:
        yield (
            f"Of all round trips to Redis with {each.routing}, {_percent(share)} are the instances' own heartbeats and "
            f"pulses ({each.fleet_trips_per_second:,.0f} a second)."
        )
    if each.pulse_bytes_per_second > NOTABLE_BYTES_PER_SECOND:
        yield (
            f"In each pulse every instance hears of {min(each.instances - 1, MOST_HEARD)} others: "
            f"{each.pulse_bytes_per_second / 1e6:,.0f} MB a second from Redis, growing as the fleet does."
        )


def _instances(number: int) -> str:
    return f"{number:,} instance{'s' if number != 1 else ''}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _less(one: float, other: float) -> str:
    change = one / other - 1 if other else 0.0
    return f"{abs(change) * 100:.0f} % {'fewer' if change <= 0 else 'more'}"

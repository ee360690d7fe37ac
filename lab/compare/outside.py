"""What can be said of systems that were asked from outside only, and what cannot.

Answers come sooner or not: that is all they say about what stickiness is worth. CPU time, calls to stores, memory and
so money are known to nobody here, and are told to be unknown.
"""

from typing import Final, Literal

from lab.compare.results import Result, Round
from lab.compare.rungs import HOT, LADDER, REDIS, Rung
from lab.compare.words import compare, in_ms, in_percent

NOTICED_SHARE: Final = 0.05  # a difference smaller than this is none that anybody waits for
SEEN_SHARE: Final = 0.02  # of lookups; below, it may be chance or an old cookie
LATE_SHARE: Final = 0.5

OutsideAnswer = Literal["answers sooner", "answers later", "makes no difference"]


def headline(result: Result) -> tuple[OutsideAnswer, str]:
    """Half of all answers is what people feel most of the time; of rungs that were both measured."""
    redis, hot = result.latency_ms(REDIS.name, 50), result.latency_ms(HOT.name, 50)
    share, apart = compare(redis, hot)
    figures = (
        f"half of all answers come within {in_ms(hot.median)} behind stickiness, within {in_ms(redis.median)} with a "
        "cache in Redis. What that costs or saves cannot be seen from outside."
    )
    if not apart:
        return "makes no difference", f"No difference could be measured from outside: {figures}"
    if abs(share) < NOTICED_SHARE:
        return "makes no difference", f"Hardly any difference can be seen from outside: {figures}"
    if share > 0:
        return "answers sooner", f"Behind stickiness answers come {in_percent(share)} sooner: {figures}"
    return "answers later", f"Behind stickiness answers come {in_percent(-share)} later: {figures}"


def gains(result: Result) -> tuple[str, ...]:
    """Redis against hot, as far as browsers see it."""
    told = []
    for percent in (99.0, 99.9):
        before, after = (result.latency_ms(rung.name, percent) for rung in (REDIS, HOT))
        share, apart = compare(before, after)
        which = f"Of a {'hundred' if percent == 99.0 else 'thousand'} answers the slowest"
        if apart:
            told.append(
                f"{which} comes {in_percent(abs(share))} {'sooner' if share > 0 else 'later'}, within "
                f"{in_ms(after.median)} instead of {in_ms(before.median)}."
            )
        else:
            told.append(f"{which} takes as long, as far as can be told: {in_ms(after.median)}.")
    bears = [result.capacity(rung.name) for rung in (REDIS, HOT)]
    if bears[0] is not None and bears[1] is not None:
        told.append(
            f"Requests a second that are borne with p99 within {bears[1].bound_ms:g} ms: {bears[1]}, instead of "
            f"{bears[0]}."
        )
    rate, moved = result.hot_rate(HOT.name), result.moved_share(HOT.name)
    if rate is not None:
        told.append(f"Memory answers {in_percent(rate.median)} of the lookups that are shown.")
    if moved is not None:
        told.append(f"{in_percent(moved.median)} of the requests came to another instance than the one before.")
    return tuple(told)


def as_good(result: Result) -> tuple[str, ...]:
    """The rungs below whose answers come as soon, the lowest first."""
    hot, told = result.latency_ms(HOT.name, 50), []
    for rung in LADDER:
        if rung is HOT or rung.name not in result.measured():
            continue
        share, apart = compare(result.latency_ms(rung.name, 50), hot)
        if not apart or share < NOTICED_SHARE:
            title = rung.title[0].upper() + rung.title[1:]
            told.append(f"{title} answers as soon: half within {in_ms(result.latency_ms(rung.name, 50).median)}.")
    return tuple(told or ["No rung below that was measured answers as soon."])


def cautions(result: Result) -> list[str]:
    """What was not known, and what else may be behind the figures."""
    there = [rung for rung in LADDER if rung.name in result.measured()]
    told = [
        "It was measured from outside: CPU time, calls to Redis, MongoDB and S3, the memory of hot copies, and so "
        "money, are not known. Nor is up to which share of writes it pays, nor what a kill or a restart costs: the "
        "lab does neither to a system that is not its own.",
    ]
    if len(there) > 1:
        told.append(
            "The systems may differ in more than their rung: machines, releases, data, what else is done to them. They "
            "took turns, so what changes slowly is in all of them."
        )
    for rung in there:
        told += _doubts(rung, result.of(rung.name))
    return told


def _doubts(rung: Rung, rounds: list[Round]) -> list[str]:
    """What speaks against its being that rung, or against its figures."""
    told, title = [], rung.title[0].upper() + rung.title[1:]
    rates = [each.hot_rate for each in rounds if each.hot_rate is not None]
    has_copies = rung.settings["HOT_CACHE"] == "on"
    if not rates:
        told.append(
            f"{title}: its answers do not say where they come from (EVIDENCE=off there), so the shares of memory and "
            "of moves are not known, nor whether it is the rung it was said to be."
        )
    elif not has_copies and max(rates) > SEEN_SHARE:
        told.append(
            f"{title}: {in_percent(max(rates))} of its lookups came from memory. It is not the rung it was said to be."
        )
    elif has_copies and max(rates) < SEEN_SHARE:
        told.append(f"{title}: hardly a lookup came from memory. It may not be the rung it was said to be.")
    moved = [each.moved_share for each in rounds if each.moved_share is not None]
    alone = all(len(each.by_instance) == 1 for each in rounds)
    if alone and rates:
        told.append(f"{title}: a single instance answered everything; stickiness means nothing there.")
    elif rung.sticky and moved and min(moved) > NOTICED_SHARE:
        told.append(
            f"{title}: {in_percent(min(moved))} of the requests and more came to another instance than the one before. "
            "Is there something in front that drops the affinity cookie?"
        )
    half = [each.latency_ms["50"] for each in rounds]
    latest = max(each.generator_late_ms for each in rounds)
    if latest > LATE_SHARE * min(half):
        told.append(
            f"{title}: one request in a hundred was sent {in_ms(latest)} late or more, by this machine's own doing. "
            "That is in the figures; use another machine, or fewer requests a second."
        )
    return told

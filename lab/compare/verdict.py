"""The verdict in plain words, from the figures and nothing else."""

import math
import statistics
from typing import Final, Literal

import msgspec

from lab.compare import outside
from lab.compare.results import Failure, Result
from lab.compare.rungs import HOT, LADDER, REDIS, Rung
from lab.compare.words import compare, counted, in_ms, in_percent

WORTH_SHARE: Final = 0.05  # a saving smaller than this is none worth a change of how an application is run
SMALL_CORES: Final = 4
REFUSED_SHARE: Final = 0.1  # of requests; some are refused on purpose, as after a log-out

Answer = Literal["pays", "does not pay", "makes no difference", "answers sooner", "answers later", "unknown"]


class Verdict(msgspec.Struct, frozen=True):
    """`answer` to whether stickiness pays here, `headline` the sentence for it, and why, by heading.

    Of systems that were measured from outside it says whether they answer sooner, never whether that pays.
    """

    answer: Answer
    headline: str
    saves: tuple[str, ...]
    costs: tuple[str, ...]
    pays_from: tuple[str, ...]
    instead: tuple[str, ...]
    cautions: tuple[str, ...]


def verdict(result: Result) -> Verdict:
    """What the comparison says; with rungs missing, what can be said without them."""
    there = result.measured()
    if REDIS.name not in there or HOT.name not in there:
        missing = " and ".join(each.title for each in (REDIS, HOT) if each.name not in there)
        headline = f"Nothing can be said yet: {missing} was not measured."
        if result.outside and there:
            headline = f"Nothing can be said of what stickiness is worth: {missing} was not measured. Here is what was."
        return Verdict("unknown", headline, (), _costs(result), (), (), _cautions(result))
    if result.outside:
        seen, headline = outside.headline(result)
        return Verdict(
            seen, headline, outside.gains(result), _costs(result), (), outside.as_good(result), _cautions(result)
        )
    answer, headline = _headline(result)
    return Verdict(
        answer,
        headline,
        _saves(result),
        _costs(result),
        _pays_from(result),
        _instead(result),
        _cautions(result),
    )


def _headline(result: Result) -> tuple[Answer, str]:
    redis, hot = result.cpu_ms(REDIS.name), result.cpu_ms(HOT.name)
    share, apart = compare(redis, hot)
    figures = f"{in_ms(hot.median)} of CPU per request behind stickiness, {in_ms(redis.median)} with a cache in Redis"
    if not apart:
        return "makes no difference", f"Stickiness makes no difference here that could be measured: {figures}."
    if share >= WORTH_SHARE:
        return "pays", f"Stickiness saves {in_percent(share)} of the CPU time here: {figures}."
    if share >= 0:
        return "makes no difference", f"Stickiness saves only {in_percent(share)} of the CPU time here: {figures}."
    return "does not pay", f"Stickiness costs {in_percent(-share)} more CPU time here: {figures}."


def _saves(result: Result) -> tuple[str, ...]:
    calls = [result.calls(rung.name, "redis") for rung in (REDIS, HOT)]
    told = [f"Redis is asked {calls[1].median:.2f} times per request instead of {calls[0].median:.2f}."]
    for part, name in (("web", "The web processes"), ("redis", "Redis"), ("proxy", "HAProxy")):
        before, after = (result.cpu_ms(rung.name, part) for rung in (REDIS, HOT))
        share, apart = compare(before, after)
        if not apart:
            told.append(
                f"{name} take the same CPU time, as far as can be told."
                if part == "web"
                else f"{name} takes the same CPU time, as far as can be told."
            )
        else:
            verb = "less" if share > 0 else "more"
            told.append(
                f"{name}: {in_percent(abs(share))} {verb} CPU time, {in_ms(after.median)} instead of "
                f"{in_ms(before.median)} per request."
            )
    money = [_money(result, rung) for rung in (REDIS, HOT)]
    told.append(
        f"A million requests cost {money[1]:.2f} instead of {money[0]:.2f} at the prices given, "
        f"memory for hot copies included."
    )
    half = [result.latency_ms(rung.name, 50) for rung in (REDIS, HOT)]
    if half[0].overlaps(half[1]):
        told.append(f"Half of all answers come within {in_ms(half[1].median)} either way.")
    else:
        told.append(f"Half of all answers come within {in_ms(half[1].median)} instead of {in_ms(half[0].median)}.")
    return tuple(told)


def _money(result: Result, rung: Rung) -> float:
    """What a million requests cost, by the median of all rounds."""
    rounds = result.of(rung.name)
    parts = {part: result.cpu_ms(rung.name, part).median for each in rounds for part in each.cpu_ms}
    held = statistics.median(each.held_bytes or 0.0 for each in rounds)
    per_second = statistics.median(each.requests / each.seconds for each in rounds)
    return sum(result.prices.per_million(parts).values()) + result.prices.memory_per_million(held, per_second)


def _costs(result: Result) -> tuple[str, ...]:
    found = [_failure(each) for each in result.failures if each.rung == HOT.name]
    if not found and result.outside:
        return ()
    return tuple(found or ["What a failure costs was not measured."])


def _failure(failure: Failure) -> str:
    what = {"kill": "When an instance is killed", "restart": "During a rolling restart"}[failure.what]
    back = (
        f"is back after {failure.recovered_seconds:.1f} s"
        if failure.recovered_seconds is not None
        else "is not back before the measurement ends"
    )
    return (
        f"{what}, the share of lookups answered from memory falls from {in_percent(failure.hot_rate_before)} to "
        f"{in_percent(failure.hot_rate_lowest)} and {back}; {counted(failure.failed_reads, 'read')} and "
        f"{counted(failure.failed_writes, 'write')} failed; the longest anybody waited was "
        f"{failure.longest_gap_seconds:.2f} s."
    )


def _pays_from(result: Result) -> tuple[str, ...]:
    """By calculation from what was measured; the report says that it is one."""
    redis, hot = (result.calls(rung.name, "redis").median for rung in (REDIS, HOT))
    told = []
    if redis > hot:
        told += _real_round_trip(result)
        told.append(
            f"Each millisecond of round trip between application and Redis adds {redis:.2f} ms to a request without "
            f"hot copies and {hot:.2f} ms with them: {redis - hot:.2f} ms saved for each."
        )
    writes = result.workload.get("write_share")
    saved = result.cpu_ms(REDIS.name).median - result.cpu_ms(HOT.name).median
    rate = result.hot_rate(HOT.name)
    if isinstance(writes, int | float) and 0 < writes < 1 and rate is not None and rate.median > 0:
        most = _most_writes(float(writes), saved, result.cpu_ms(REDIS.name).median)
        told.append(_about_writes(most, float(writes), rate.median))
    return tuple(told)


def _most_writes(writes: float, saved_ms: float, redis_ms: float) -> float | None:
    """The share of writes at which the saving is no longer worth it, if what a read saves stays as it is here.

    A read is answered from memory unless its user wrote since the read before, so with a share w of writes, 1 - w of
    the reads can be; and 1 - w of the requests are reads. None, if it is worth nothing at the share measured.
    """
    needed = WORTH_SHARE * redis_ms
    if saved_ms <= needed:
        return None
    return 1 - (1 - writes) * math.sqrt(needed / saved_ms)


def _about_writes(most: float | None, writes: float, rate: float) -> str:
    here = f"Here {in_percent(writes)} of the requests write, and memory answers {in_percent(rate)} of the lookups"
    if most is None:
        return f"{here}; with fewer writes it may pay, with more it will not."
    return f"{here}; by calculation it pays up to about {in_percent(most)} of writes."


def _instead(result: Result) -> tuple[str, ...]:
    """The rungs below that do as well, the lowest first."""
    hot = result.cpu_ms(HOT.name)
    told = []
    for rung in LADDER:
        if rung is HOT or rung.name not in result.measured():
            continue
        share, apart = compare(result.cpu_ms(rung.name), hot)
        if not apart or share < WORTH_SHARE:
            name = rung.title[0].upper() + rung.title[1:]
            told.append(f"{name} does as well: {in_ms(result.cpu_ms(rung.name).median)} per request.")
    return tuple(told or ["No rung below does as well."])


def _real_round_trip(result: Result) -> list[str]:
    """What was measured of it, at the rung that needs Redis most."""
    found = result.round_trips.get(REDIS.name)
    if found is None:
        return []
    if found.added_ms is None:
        return [f"Redis was {in_ms(found.plain_ms)} away here and back."]
    return [
        f"Redis was {in_ms(found.added_ms)} away and back, as measured with the {result.rtt_ms:g} ms that were added; "
        f"without them {in_ms(found.plain_ms)}."
    ]


def _cautions(result: Result) -> tuple[str, ...]:
    there = result.measured()
    told = outside.cautions(result) if result.outside and there else []
    slow = [rung.title for rung in LADDER if rung.reads_database and rung.name in there]
    if slow and not result.outside:
        told.append(
            f"Boards that are {' or '.join(slow)} read an embedded database here, which is slower than a real one: "
            "those rungs look worse than they are."
        )
    if result.machine.cores < SMALL_CORES and not result.outside:
        told.append(
            f"On {result.machine.cores} cores the load generator takes its share: requests per second and latencies "
            "are of this machine, CPU per request is the figure to trust."
        )
    told += _unserved(result)
    rounds = min((len(result.of(rung)) for rung in there), default=0)
    if 0 < rounds < 5:
        confidence = result.latency_ms(there[0], 50).confidence
        told.append(
            f"{rounds} {'round' if rounds == 1 else 'rounds'} of each: an interval holds the true median with "
            f"{in_percent(confidence)} confidence. A full run gives more."
        )
    told += result.left_behind
    if not result.complete:
        told.append(f"The comparison was not finished{': ' + result.stopped if result.stopped else ''}.")
    return tuple(told)


def _unserved(result: Result) -> list[str]:
    """Answers that were none, which are in the latencies like others."""
    told = []
    for rung in LADDER:
        rounds = result.of(rung.name)
        requests, title = sum(each.requests for each in rounds), rung.title[0].upper() + rung.title[1:]
        failed, refused = (sum(getattr(each, what) for each in rounds) for what in ("failed", "refused"))
        if failed:
            told.append(f"{title}: {failed} of {requests} requests failed, without an answer or with a 5xx.")
        if refused > REFUSED_SHARE * requests:
            told.append(
                f"{title}: {in_percent(refused / requests)} of the requests were refused (4xx), which is quick. Are "
                "there quotas or throttles (CARDS_PER_DAY, LOGINS_PER_ADDRESS) in the way?"
            )
    return told

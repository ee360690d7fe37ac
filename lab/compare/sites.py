"""Systems that are there already, to be measured from outside: which rung each is, and what is going to be sent there.

The lab asks them as browsers do, and does nothing else to them: it kills and restarts nothing, and reads no meter.
"""

from collections.abc import Sequence
from typing import Final

from lab.compare.measuring import MOST_STEPS, STEP_FACTOR
from lab.compare.plan import Plan
from lab.compare.rungs import LADDER, Rung
from lab.errors import Misuse, NoSuchSite, Unknown
from lab.load.site import check_url, is_here, shown

FORM: Final = "--site RUNG=URL, for example --site redis=https://staging.example"


def sites_named(given: Sequence[str]) -> dict[Rung, str]:
    """From `RUNG=URL` of each, in the order of the ladder. Raises Misuse or Unknown."""
    known = {rung.name: rung for rung in LADDER}
    found: dict[Rung, str] = {}
    for each in given:
        name, equals, url = each.partition("=")
        if not equals or "://" in name:
            raise Misuse(f"{shown(each)!r} does not say which rung it is; write {FORM}.")
        if name not in known:
            raise Unknown("rung", name, known)
        if known[name] in found:
            raise Misuse(f"The rung {name} is given twice; a comparison has each once.")
        found[known[name]] = _checked(url.rstrip("/"))
    _check_apart(found)
    return {rung: found[rung] for rung in LADDER if rung in found}


def announced(plan: Plan) -> str:
    """What is going to be sent, for who reads it before it is too late."""
    workload, times = plan.workload, plan.times
    elsewhere = [shown(url) for url in plan.sites.values() if not is_here(url)]
    seconds = times.first + plan.rounds * (times.warm + times.measured)
    told = (
        f"{workload.users} people are going to sign up on each site, and to send about "
        f"{workload.requests_per_second:g} requests a second to it for {_lasting(seconds)} in all"
    )
    if plan.bearing:
        most = workload.requests_per_second * STEP_FACTOR ** (MOST_STEPS - 1)
        told += (
            f", then more and more, {most:,.0f} at most, until p99 exceeds {plan.bound_ms:g} ms (--gently: not that)"
        )
    told += ". They delete their accounts afterwards."
    return f"{told} Not on this machine: {', '.join(elsewhere)}." if elsewhere else told


def _checked(url: str) -> str:
    try:
        check_url(url)
    except NoSuchSite as error:
        raise Misuse(f"{shown(url) or 'Nothing'} cannot be measured: {error.why}.") from None
    return url


def _check_apart(sites: dict[Rung, str]) -> None:
    """One system is on one rung at a time."""
    by_url: dict[str, Rung] = {}
    for rung, url in sites.items():
        other = by_url.setdefault(url.lower(), rung)
        if other is not rung:
            raise Misuse(
                f"{shown(url)} is given as {other.name} and as {rung.name}; a system is on one rung at a time. Give "
                "two deployments, or measure one rung, switch the system over, and measure the other."
            )


def _lasting(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"

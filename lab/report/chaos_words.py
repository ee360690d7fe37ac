"""What a run of faults found, in plain words."""

from dataclasses import dataclass
from typing import Final

from lab.chaos.results import ChaosResult, Scenario

PROMISED: Final = {
    "P1": "What was acknowledged is there later, and what was refused was not done.",
    "P2": "Whoever wrote something sees it in whatever they ask next.",
    "P3": "Nobody sees something older after something newer.",
    "P4": "A session that was ended writes nothing any more, and soon reads nothing.",
    "P5": "What one device wrote, the person's others see within B: two seconds, if nothing else is set.",
    "P6": "Nobody is given what is somebody else's.",
    "P7": "Planned change fails no request and a dead instance no read; nothing is done twice.",
}
CHANGES: Final = {
    "planned": "This is planned change, and excuses nothing but what it says it may lose.",
    "slight": "This is to be felt in time alone, and excuses nothing but what it says it may lose.",
    "kill": "An instance was dead: a write that was under way may fail.",
    "hang": "An instance said nothing: a write that was under way may fail.",
    "outage": "Something was away: requests may be refused.",
    "other": "Nothing is promised of single requests.",
}
KINDS: Final = {
    "planned": "planned",
    "slight": "slight",
    "kill": "instance dies",
    "hang": "instance hangs",
    "outage": "service away",
    "other": "no promise",
}
_AND_MODES: Final = {("stateless", "sticky"): "in both modes", ("stateless",): "in stateless mode"}


@dataclass(frozen=True)
class Excuse:
    """What one fault excused: how often of which promise in which mode, and why it may."""

    fault: str
    counts: str
    why: str


def answer(result: ChaosResult) -> str:
    """Two or three words, for the stamp."""
    if result.violations:
        return "Promises broken"
    return "Promises kept" if result.complete and not idle(result) else "Not all of it was seen"


def headline(result: ChaosResult) -> str:
    """The one sentence to read."""
    broken = dict.fromkeys(each.promise for each in result.findings if each.broken)
    if broken:
        times = "once" if result.violations == 1 else f"{result.violations} times"
        return (
            f"{_where(result)}: {_listed(list(broken))} {'was' if len(broken) == 1 else 'were'} broken, {times} in all."
        )
    if not result.findings:
        return "Nothing was seen, so nothing can be said."
    unseen = idle(result)
    kept = f"every promise{' but ' + _listed(unseen) if unseen else ''} was kept"
    return f"{_where(result)}: {kept}{', and ' + _listed(unseen) + ' had no occasion' if unseen else ''}."


def idle(result: ChaosResult) -> list[str]:
    """The promises that nothing could have shown broken, in one of the modes at least."""
    return list(dict.fromkeys(each.promise for each in result.findings if each.state == "not exercised"))


def excuses(result: ChaosResult) -> list[Excuse]:
    """Of every fault that excused something."""
    found: dict[str, list[Scenario]] = {}
    for each in result.scenarios:
        if each.excused:
            found.setdefault(each.name, []).append(each)
    return [Excuse(name, "; ".join(map(_counted, those)), _reason(those[0])) for name, those in found.items()]


def cautions(result: ChaosResult) -> list[str]:
    """What to know before this is relied on."""
    told = []
    if not result.complete:
        told.append(f"It was not finished{': ' + result.stopped if result.stopped else ''}.")
    told += [f"{each.name}, {each.mode}: {each.error}" for each in result.scenarios if each.error]
    return told + [_cramped(result, mode) for mode in result.modes if not result.had_room(mode)]


def _reason(scenario: Scenario) -> str:
    told = [CHANGES[scenario.change]]
    if scenario.stales:
        told.append(f"Copies that say they are old may stand in for {' and '.join(scenario.stales)}.")
    if scenario.loses:
        told.append(f"It may lose: {scenario.loses}")
    return " ".join(told)


def _counted(scenario: Scenario) -> str:
    told = [f"{promise} {'once' if count == 1 else f'{count} times'}" for promise, count in scenario.excused.items()]
    return f"{', '.join(told)} in {scenario.mode} mode"


def _cramped(result: ChaosResult, mode: str) -> str:
    failed, late, calm = (of.get(mode, 0) for of in (result.failed_in_calm, result.late_ms, result.calm_ms))
    requests = "1 request" if failed == 1 else f"{failed} requests"
    return (
        f"In {mode} mode, while nothing was done to the site, {requests} failed and half of the answers took more than "
        f"{calm:.0f} ms, and the load itself was late by up to {late:.0f} ms: the machine had too little to spare, and "
        "a fault may not be why something failed."
    )


def _where(result: ChaosResult) -> str:
    modes = tuple(result.modes)
    where = "on the rung " + result.rung if result.rung else _AND_MODES.get(modes, f"in {' and '.join(modes)} mode")
    count = len({each.name for each in result.scenarios})
    return f"{count} {'fault' if count == 1 else 'faults'} {where}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

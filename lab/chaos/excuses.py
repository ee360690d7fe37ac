"""What was excused: what the checker would blame on the site, had a disturbance been one that excuses nothing."""

import msgspec

from lab.checker import Verdict, check
from lab.history import Disturbance, History


def excused_by(history: History, verdict: Verdict) -> dict[str, dict[str, int]]:
    """By the name of the disturbance and by promise. `verdict` is what was found with all excuses."""
    found = {each.name: _excused(history, verdict, each) for each in history.disturbances}
    return {name: counts for name, counts in found.items() if counts}


def _excused(history: History, verdict: Verdict, one: Disturbance) -> dict[str, int]:
    if one.change in ("planned", "slight") and not one.losing and not one.stales:
        return {}
    held = msgspec.structs.replace(one, change="planned", losing=(), stales=())
    others = [each for each in history.disturbances if each is not one]
    strict = check(msgspec.structs.replace(history, disturbances=[*others, held]))
    more = {each.promise: each.broken - verdict[each.promise].broken for each in strict.findings}
    return {promise: count for promise, count in more.items() if count > 0}

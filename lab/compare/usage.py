"""CPU time of each part of a local stack, from /proc. Ratios of it are what a shared or small machine can tell."""

from collections.abc import Iterable, Mapping
from typing import Final

import psutil

from deploy.local import ProcessStatus

PARTS: Final = ("web", "redis", "mongodb", "s3", "proxy", "worker")

_PART_OF: Final = {"haproxy": "proxy"}


def part_of(process: str) -> str | None:
    """The part a process of a stack belongs to: `web-2` to `web`; None for those that are no part of serving."""
    kind, _, number = process.rpartition("-")
    name = kind if number.isdigit() else process
    part = _PART_OF.get(name, name)
    return part if part in PARTS else None


class Usage:
    """CPU seconds so far, by part and process. Take one before and one after, and subtract."""

    def __init__(self, seconds: Mapping[tuple[str, int], float]) -> None:
        self._seconds = dict(seconds)

    @classmethod
    def of(cls, processes: Iterable[ProcessStatus]) -> "Usage":
        """Of these processes and their children; one that is gone meanwhile is left out."""
        seconds: dict[tuple[str, int], float] = {}
        for process in processes:
            part = part_of(process.name)
            if part is None or process.pid is None:
                continue
            for pid, spent in _spent_by_family(process.pid):
                seconds[part, pid] = spent
        return cls(seconds)

    def since(self, before: "Usage") -> dict[str, float]:
        """CPU seconds by part, of processes that were there before as well or came since."""
        found = dict.fromkeys(PARTS, 0.0)
        for key, spent in self._seconds.items():
            found[key[0]] += spent - before._seconds.get(key, 0.0)
        return found


def _spent_by_family(pid: int) -> list[tuple[int, float]]:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
    found = []
    for each in family:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found.append((each.pid, times.user + times.system))
    return found

"""What Redis tells of itself (INFO), asked every few seconds by the worker: memory, CPU, clients, commands, traffic.

So the stack's Prometheus knows how Redis is without another program beside it, over whatever address the application
has. One Redis, or the master that the sentinels name; a Cluster is not asked: any one node would speak for all.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cache import ErrorReply, Link, Overloaded, Unavailable
from cache.link import AnyLink

ASK_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, what it is, and the lines of INFO whose sum it is."""

    name: str
    meaning: str
    fields: tuple[str, ...]
    counts: bool = False


FIGURES: Final = (
    Figure("uptime_seconds", "How long Redis has been running.", ("uptime_in_seconds",)),
    Figure("memory_bytes", "What Redis has allocated.", ("used_memory",)),
    Figure("memory_limit_bytes", "What Redis may allocate (maxmemory); 0: no limit.", ("maxmemory",)),
    Figure("clients", "Connections to Redis.", ("connected_clients",)),
    Figure("blocked_clients", "Connections that wait in a blocking call.", ("blocked_clients",)),
    Figure("tracked_keys", "Keys whose changes somebody is to be told.", ("tracking_total_keys",)),
    Figure("replicas", "Replicas connected to Redis.", ("connected_slaves",)),
    Figure("cpu_seconds", "CPU time of Redis, its children left out.", ("used_cpu_sys", "used_cpu_user"), counts=True),
    Figure("commands", "Commands that Redis ran.", ("total_commands_processed",), counts=True),
    Figure("received_bytes", "Bytes that Redis received.", ("total_net_input_bytes",), counts=True),
    Figure("sent_bytes", "Bytes that Redis sent.", ("total_net_output_bytes",), counts=True),
    Figure("evicted_keys", "Keys given up for want of memory.", ("evicted_keys",), counts=True),
    Figure("expired_keys", "Keys whose time was over.", ("expired_keys",), counts=True),
    Figure("connections", "Connections that Redis took.", ("total_connections_received",), counts=True),
)


class RedisFigures:
    """The figures as they were last told; all 0 before that. `up`: whether the last question was answered."""

    def __init__(self) -> None:
        self.up = False
        self.values: Mapping[str, float] = {figure.name: 0.0 for figure in FIGURES}

    async def keep_asking(self, link: AnyLink) -> None:
        """Asks every few seconds, until cancelled. An outage, or a Redis that does not permit INFO, raises nothing."""
        while True:
            if isinstance(link, Link):
                await self.ask(link)
            await asyncio.sleep(ASK_SECONDS)

    async def ask(self, link: Link) -> None:
        """Asks once."""
        try:
            [told] = await link.ask("info", ("INFO",), again=True)
        except (Unavailable, Overloaded, ErrorReply):
            self.up = False
            return
        self.values = figures_of(told.decode(errors="replace"))
        self.up = True


def figures_of(info: str) -> dict[str, float]:
    """The figures in an answer to INFO; 0 for what an older or another server does not tell."""
    lines = dict(line.split(":", 1) for line in info.splitlines() if ":" in line and not line.startswith("#"))
    return {figure.name: sum(_number(lines.get(field, "")) for field in figure.fields) for figure in FIGURES}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0

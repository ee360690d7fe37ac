"""Opening a cache: its links, lease and tiers, in order; closed in reverse. Nothing here waits for Redis."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from math import inf
from typing import Any, Final

from cache.cache import Cache
from cache.connection import exchange
from cache.errors import Misuse
from cache.hot_tiers import HotTiers
from cache.lease import Lease
from cache.link import AnyLink, Link
from cache.meter import Meter
from cache.naive import NaiveTiers
from cache.observer import GuardedObserver, NullObserver, Observer
from cache.sentinel import Sentinels
from cache.shared import checked_name
from cache.tiers import Tiers
from cache.traffic import Traffic

BARRIER_SECONDS: Final = 10.0
STATELESS_ONLY: Final = ("+cluster", "+sentinel")


def boot_clock() -> float:
    """Seconds since boot, sleep included; never stepped by anyone who sets the time."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@asynccontextmanager
async def open_cache(
    url: str,
    *,
    hot_bytes: int = 0,
    naive_seconds: float | None = None,
    staleness_seconds: float = 2.0,
    outage_seconds: float = 60.0,
    barrier_seconds: float = BARRIER_SECONDS,
    deadline_seconds: float = 0.9,
    name: str = "process",
    prefix: str = "",
    observer: Observer | None = None,
    report: Callable[[], bytes] = lambda: b"",
    clock: Callable[[], float] = boot_clock,
) -> AsyncIterator[Cache]:
    """A cache over the Redis at `url`; with `hot_bytes` above 0 it also keeps copies in this process.

    `staleness_seconds` is B, the most a copy may lag behind Redis; `outage_seconds` how long copies may stand in,
    marked, for a Redis that cannot be reached. A write's barrier lasts `barrier_seconds` if its writer dies. `name` and
    `report()` are what this process's heartbeat tells. `naive_seconds` makes it the naive control instead.

    Does not wait for Redis: a process may start while Redis is away. Raises Misuse for an address it cannot use, and
    for hot copies over Cluster or Sentinel.
    """
    for what, seconds in (
        ("staleness_seconds", staleness_seconds),
        ("barrier_seconds", barrier_seconds),
        ("deadline_seconds", deadline_seconds),
        ("naive_seconds", 1 if naive_seconds is None else naive_seconds),
    ):
        if not 0 < seconds < inf:  # NaN included
            raise Misuse(f"{what} must be positive, got {seconds}")
    for what, amount in (("hot_bytes", hot_bytes), ("outage_seconds", outage_seconds)):
        if not amount >= 0:
            raise Misuse(f"{what} must not be negative, got {amount}")
    if prefix != "":
        checked_name("a prefix", prefix)
    scheme = url.partition("://")[0]
    if hot_bytes and naive_seconds is None and scheme.endswith(STATELESS_ONLY):
        raise Misuse(f"hot copies are not kept over {scheme}:// yet; open it with hot_bytes=0")
    told = GuardedObserver(observer or NullObserver())
    async with AsyncExitStack() as stack:
        traffic = Traffic()
        link = open_link(
            url, deadline_seconds=deadline_seconds, called=told.called, refused=told.redis_refused, traffic=traffic
        )
        stack.push_async_callback(link.close)
        if not hot_bytes:
            tiers = Tiers(link, observer=told, clock=clock)
        elif naive_seconds is not None:
            tiers = NaiveTiers(link, hot_bytes=hot_bytes, ttl_seconds=naive_seconds, observer=told, clock=clock)
        else:
            presence = f"{prefix}live:{checked_name('a name', name)}:{secrets.token_hex(4)}"
            tiers = await _hot_tiers(
                stack,
                url,
                link,
                traffic=traffic,
                presence=presence,
                report=report,
                hot_bytes=hot_bytes,
                staleness_seconds=staleness_seconds,
                outage_seconds=outage_seconds,
                deadline_seconds=deadline_seconds,
                observer=told,
                clock=clock,
            )
        cache = Cache(
            tiers,
            traffic=traffic,
            prefix=prefix,
            barrier_seconds=barrier_seconds,
            staleness_seconds=staleness_seconds,
        )
        stack.push_async_callback(cache.close)
        yield cache


def open_link(
    url: str,
    *,
    deadline_seconds: float = 0.9,
    called: Callable[[str, str, float], None] = lambda *fact: None,
    refused: Callable[[str], None] = lambda code: None,
    traffic: Traffic | None = None,
) -> AnyLink:
    """The untracked link to whatever kind of Redis stands behind `url`. Raises Misuse."""
    traffic = traffic if traffic is not None else Traffic()
    told: Any = {"deadline_seconds": deadline_seconds, "called": called, "refused": refused, "traffic": traffic}
    scheme = url.partition("://")[0]
    if scheme.endswith("+cluster"):
        from cache.cluster import ClusterLink  # noqa: PLC0415  # slow to import, and seldom wanted

        return ClusterLink(url, **told)
    if scheme.endswith("+sentinel"):
        sentinels = Sentinels(url, exchange=partial(exchange, traffic=traffic), deadline_seconds=deadline_seconds)
        return Link(sentinels.master_url, follow=sentinels.follow, **told)
    return Link(url, **told)


async def _hot_tiers(
    stack: AsyncExitStack,
    url: str,
    link: AnyLink,
    *,
    traffic: Traffic,
    presence: str,
    report: Callable[[], bytes],
    hot_bytes: int,
    staleness_seconds: float,
    outage_seconds: float,
    deadline_seconds: float,
    observer: Observer,
    clock: Callable[[], float],
) -> HotTiers:
    """The tracked link, its lease and its meter, opened and tied together."""
    tracked = Link(
        url,
        deadline_seconds=deadline_seconds,
        resp3_only=True,
        called=observer.called,
        refused=observer.redis_refused,
        traffic=traffic,
        opened=lambda number: tiers.opened(number),  # noqa: PLW0108  # the three hold one another
        lost=lambda number: lease.lost(number),  # noqa: PLW0108
        pushed=lambda push: tiers.pushed(push),  # noqa: PLW0108
    )
    stack.push_async_callback(tracked.close)
    lease = Lease(
        tracked,
        link,
        presence=presence,
        staleness_seconds=staleness_seconds,
        clock=clock,
        observer=observer,
        report=report,
    )
    tiers = HotTiers(
        link, tracked, lease, hot_bytes=hot_bytes, outage_seconds=outage_seconds, observer=observer, clock=clock
    )
    tiers.meter = Meter(
        link,
        tiers.hot,
        trusted=lambda: lease.holds(clock()),
        staleness_seconds=staleness_seconds,
        clock=clock,
        observer=observer,
    )
    lease.start()
    stack.push_async_callback(lease.stop)
    tiers.meter.start()
    stack.push_async_callback(tiers.meter.stop)
    return tiers

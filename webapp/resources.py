"""Everything a process opens, opened in one place, in order, and closed in reverse.

Nothing here waits for a backing service: a process may start during an outage, answers by the outage contract, heals.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

import msgspec

from cache import Cache, Misuse, Region, boot_clock, open_cache
from webapp import outage
from webapp.affinity import Affinity
from webapp.beginnings import Beginning
from webapp.documents import Documents
from webapp.errors import Backend, SettingsInvalid
from webapp.fleet import Fleet, Told
from webapp.held import Held
from webapp.jobs import Jobs, open_jobs
from webapp.keeping import Keeping
from webapp.life import Life, Phase
from webapp.media import Media
from webapp.metrics import Metrics
from webapp.model import Board, FrontCards, Person
from webapp.moving import Moving
from webapp.offload import Offload
from webapp.passwords import Passwords
from webapp.presence import Busy, Probe, watching
from webapp.quotas import Quotas
from webapp.rebalancing import Rebalancing
from webapp.sessions import Sessions
from webapp.settings import Settings
from webapp.streams import Streams
from webapp.throttle import Throttle
from webapp.uploads import Uploads

FRONT_FRESH_SECONDS = 5
MOST_UPLOAD_BYTES = 64 << 20
MOST_UPLOAD_BYTES_OF_ONE = 24 << 20  # two of the largest at once
LOAD_SECONDS = 2.5  # a page that takes longer is asked for again elsewhere: haproxy.cfg gives a read 3 s


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What handlers and jobs work with."""

    settings: Settings
    version: str
    metrics: Metrics
    cache: Cache
    boards: Region[Board]
    profiles: Region[Person]
    front: Region[FrontCards]
    sessions: Sessions
    documents: Documents
    keeping: Keeping
    media: Media
    passwords: Passwords
    studio: Offload
    jobs: Jobs
    quotas: Quotas
    busy: Busy
    throttle: Throttle
    uploads: Uploads
    affinity: Affinity
    life: Life
    beginning: Beginning
    held: Held
    rebalancing: Rebalancing
    moving: Moving
    fleet: Fleet
    streams: Streams


@asynccontextmanager
async def open_resources(
    settings: Settings,
    routes: Mapping[str, Collection[str]] | None = None,
    wall_clock: Callable[[], float] = time.time,
    *,
    serves: bool = True,
) -> AsyncIterator[Resources]:
    """Opens everything; closes it in reverse, whatever happened. Raises SettingsInvalid for an address of no use.

    What does not serve pages (`serves=False`) keeps no hot copies, whatever the settings say.
    """
    running = version("hotseat") + (f"+{settings.release}" if settings.release else "")
    metrics = Metrics(settings, running, routes or {})
    async with AsyncExitStack() as stack:
        cache = await _opened_cache(stack, settings, metrics, keeps=serves and settings.hot_cache != "off")
        metrics.watch(cache)
        documents = Documents(
            settings.mongodb_url, patient=not serves, called=metrics.mongodb_called, wall_clock=wall_clock
        )
        stack.push_async_callback(documents.close)
        media = Media(settings, patient=not serves, called=metrics.s3_called)
        stack.callback(media.close)
        passwords = Passwords()
        stack.callback(passwords.close)
        studio = Offload("pictures", at_once=1, most_waiting=16)  # one large picture takes up to 0.8 GB
        stack.callback(studio.close)
        jobs = await stack.enter_async_context(open_jobs(settings.redis_url, cache.traffic))
        probes: dict[Backend, Probe] = {
            "redis": lambda: cache.link.ask("read", ("PING",), again=True),
            "mongodb": documents.answers,
            "s3": media.answers,
        }
        metrics.watch_backends(await stack.enter_async_context(watching(probes)))
        lag = asyncio.create_task(metrics.watch_loop(), name="event loop lag")
        stack.push_async_callback(_cancelled, lag)
        fresh = settings.board_fresh_seconds
        stale = outage.STALE_BOARD_TIMES * fresh
        life, held = Life(boot_clock), Held(boot_clock)
        uploads = Uploads(most_bytes=MOST_UPLOAD_BYTES, most_bytes_of_one=MOST_UPLOAD_BYTES_OF_ONE)
        metrics.watch_uploads(lambda: uploads.held_bytes)
        metrics.watch_life(held.__len__, lambda: life.leaving_seconds, lambda: life.phase)
        beginning = Beginning(cache.link, settings.instance_id)
        metrics.watch_beginning(lambda: beginning.after)
        metrics.watch_traffic(
            {"redis": cache.traffic, "mongodb": documents.store.traffic, "s3": media.traffic},
        )
        affinity = Affinity(settings.affinity_key, settings.web_slots, wall_clock)
        rebalancing = Rebalancing(settings.rebalance_per_minute, boot_clock)

        def tell() -> Told:
            return _told(settings, running, metrics=metrics, cache=cache, life=life, held=held)

        fleet = Fleet(cache, tell, boot_clock)

        def plan(members: list[Told]) -> None:
            if settings.sticky_mode and life.serves:
                rebalancing.plan(held.belonging, _others(members, settings.instance_id, affinity))

        fleet.heard = plan
        fleet.took_over = lambda former: held.expect(former.users)
        yield Resources(
            settings=settings,
            version=running,
            metrics=metrics,
            cache=cache,
            # No `refresh_seconds`: other people's cards are promised within the freshness, not some time behind it.
            boards=cache.region(
                "board", Board, ttl_seconds=fresh, stale_on_error_seconds=stale, load_seconds=LOAD_SECONDS
            ),
            profiles=cache.region(
                "profile", Person, ttl_seconds=fresh, stale_on_error_seconds=stale, load_seconds=LOAD_SECONDS
            ),
            front=cache.region(
                "front",
                FrontCards,
                ttl_seconds=FRONT_FRESH_SECONDS,
                stale_on_error_seconds=stale,
                max_loads=1,
                load_seconds=LOAD_SECONDS,
            ),
            sessions=Sessions(
                cache,
                idle_seconds=settings.session_idle_seconds,
                absolute_seconds=settings.session_absolute_seconds,
                event=metrics.session_event,
                wall_clock=wall_clock,
            ),
            documents=documents,
            keeping=Keeping(
                documents,
                wanted=settings.board_strategy == "denormalised",
                fresh_seconds=fresh,
                wall_clock=wall_clock,
            ),
            media=media,
            passwords=passwords,
            studio=studio,
            jobs=jobs,
            quotas=Quotas.of(settings),
            busy=Busy(),
            throttle=Throttle(
                cache, per_address=settings.logins_per_address, per_account=settings.failed_logins_per_account
            ),
            uploads=uploads,
            affinity=affinity,
            life=life,
            beginning=beginning,
            held=held,
            rebalancing=rebalancing,
            moving=Moving(settings.instance_id, affinity, life, held, rebalancing, released=metrics.released),
            fleet=fleet,
            streams=Streams(),
        )


def _told(settings: Settings, running: str, *, metrics: Metrics, cache: Cache, life: Life, held: Held) -> Told:
    """What a process tells of itself, to the fleet and to whoever asks. `naive` and `off` are states by choice."""
    state, reason = cache.state() if settings.hot_cache == "on" else (settings.hot_cache, "")
    return Told(
        instance=settings.instance_id,
        version=running,
        mode=settings.mode,
        rung=settings.rung,
        phase=life.phase,
        users=held.belonging,
        in_flight=metrics.in_flight,
        lag_ms=round(metrics.lag_seconds * 1000, 1),
        hot_state=state,
        hot_reason=reason,
        hot_entries=len(cache.hot),
        hot_bytes=cache.hot.bytes,
        hit_rate=metrics.hit_rate,
    )


def _others(members: list[Told], own: str, affinity: Affinity) -> dict[str, int]:
    """How many users each other instance holds that users may be sent to."""
    return {
        told.instance: told.users
        for told in members
        if told.instance != own
        and told.phase == Phase.READY
        and told.mode == "sticky"
        and affinity.value_of(told.instance) is not None
    }


async def _opened_cache(stack: AsyncExitStack, settings: Settings, metrics: Metrics, *, keeps: bool) -> Cache:
    def report() -> bytes:
        lag_ms = round(metrics.lag_seconds * 1000, 1)
        return msgspec.json.encode({"in_flight": metrics.in_flight, "lag_ms": lag_ms})

    opening = open_cache(
        settings.redis_url,
        hot_bytes=settings.hot_cache_bytes if keeps else 0,
        naive_seconds=settings.board_fresh_seconds if settings.hot_cache == "naive" else None,
        staleness_seconds=settings.hot_staleness_seconds,
        outage_seconds=settings.stale_on_outage_seconds,
        name=settings.instance_id,
        observer=metrics.observer,
        report=report,
    )
    try:
        return await stack.enter_async_context(opening)
    except Misuse as error:
        raise SettingsInvalid({"REDIS_URL": str(error)}) from error


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

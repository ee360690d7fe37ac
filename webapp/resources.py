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

from cache import Cache, Region, open_cache
from webapp.affinity import Affinity
from webapp.documents import Documents
from webapp.jobs import Jobs, open_jobs
from webapp.media import Media
from webapp.metrics import Metrics
from webapp.model import Board, FrontCards, Person
from webapp.offload import Offload
from webapp.passwords import Passwords
from webapp.sessions import Sessions
from webapp.settings import Settings

FRONT_FRESH_SECONDS = 5


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
    media: Media
    passwords: Passwords
    studio: Offload
    jobs: Jobs
    affinity: Affinity

    def keys_of(self, tag: str) -> tuple[str, ...]:
        """The Redis keys of all that is cached of one person."""
        return (self.profiles.key(tag), self.boards.key(tag))


@asynccontextmanager
async def open_resources(
    settings: Settings, routes: Mapping[str, Collection[str]] | None = None, wall_clock: Callable[[], float] = time.time
) -> AsyncIterator[Resources]:
    """Opens everything; closes it in reverse, whatever happened."""
    running = version("hotseat")
    metrics = Metrics(settings, running, routes or {})
    async with AsyncExitStack() as stack:
        hot_bytes = settings.hot_cache_bytes if settings.hot_cache else 0
        cache = await stack.enter_async_context(
            open_cache(
                settings.redis_url,
                hot_bytes=hot_bytes,
                trust_seconds=settings.hot_trust_seconds,
                observer=metrics.observer,
            )
        )
        metrics.watch(cache)
        documents = Documents(settings.mongodb_url, called=metrics.mongodb_called)
        stack.push_async_callback(documents.close)
        media = Media(settings, called=metrics.s3_called)
        stack.callback(media.close)
        passwords = Passwords()
        stack.callback(passwords.close)
        studio = Offload("pictures", at_once=1, most_waiting=16)  # one large picture takes up to 0.8 GB
        stack.callback(studio.close)
        jobs = await stack.enter_async_context(open_jobs(settings.redis_url))
        lag = asyncio.create_task(metrics.watch_loop(), name="event loop lag")
        stack.push_async_callback(_cancelled, lag)
        yield Resources(
            settings=settings,
            version=running,
            metrics=metrics,
            cache=cache,
            boards=cache.region("board", Board, ttl_seconds=settings.board_fresh_seconds),
            profiles=cache.region("profile", Person, ttl_seconds=settings.board_fresh_seconds),
            front=cache.region("front", FrontCards, ttl_seconds=FRONT_FRESH_SECONDS, max_loads=1),
            sessions=Sessions(
                cache,
                idle_seconds=settings.session_idle_seconds,
                absolute_seconds=settings.session_absolute_seconds,
                event=metrics.session_event,
                wall_clock=wall_clock,
            ),
            documents=documents,
            media=media,
            passwords=passwords,
            studio=studio,
            jobs=jobs,
            affinity=Affinity(settings.affinity_key, settings.web_slots, wall_clock),
        )


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

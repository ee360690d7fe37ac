"""Jobs on their way from the web processes to the worker: taskiq over Redis Streams. The only file that knows taskiq.

Importing taskiq takes longer than everything else of a web process together, so it is imported when it is first
needed, in a thread.

A job may be delivered twice, or, if its worker dies, late or never. What it is about has to be kept elsewhere, and
looked for there, as `exporting.py` does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog

from cache import Traffic
from cache.addresses import parse_addresses
from cache.connection import counting
from webapp.errors import BackendUnavailable

if TYPE_CHECKING:
    from taskiq import AsyncBroker

QUEUE = "jobs:hotseat"
AT_ONCE = 2
DEADLINE_SECONDS = 1.0
REDELIVER_AFTER_MS = 120_000
SILENCE_SECONDS = 5.0  # Redis answers a waiting worker every 2 s (`xread_block`)
AGAIN_SECONDS = 1.0
MOST_QUEUED = 10_000
VENDORS = ("taskiq", "taskiq_redis", "redis")

_STREAM: Any = {
    "queue_name": QUEUE,
    "consumer_group_name": "workers",
    "consumer_id": "0",
    "maxlen": MOST_QUEUED,
    "xread_block": 2000,
}

log = structlog.get_logger("webapp.jobs")

Work = Callable[..., Awaitable[Any]]


class Jobs:
    """Asks for jobs. Opened by `open_jobs`."""

    def __init__(self, redis_url: str, traffic: Traffic) -> None:
        self._redis_url = redis_url
        self._traffic = traffic
        self._connecting = asyncio.Lock()
        self._broker: AsyncBroker | None = None

    async def ask(self, job: str, *arguments: str) -> None:
        """Asks the worker for a job. Raises BackendUnavailable; then it may or may not have been queued."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                broker = await self._connected()
                from taskiq.kicker import AsyncKicker  # noqa: PLC0415  # slow to import, but the broker has done so

                await AsyncKicker[..., Any](job, broker, {}).kiq(*arguments)
        except Exception as error:
            if _is_outage(error):
                raise BackendUnavailable("redis", _cause(error)) from error
            raise

    async def close(self) -> None:
        """Closes the connections."""
        if self._broker is not None:
            await _close(self._broker)

    async def _connected(self) -> "AsyncBroker":
        """Connects on first use: a web process may start while Redis is away."""
        async with self._connecting:
            if self._broker is None:
                broker = await asyncio.to_thread(_broker, self._redis_url, self._traffic)
                try:
                    await broker.startup()
                except BaseException:
                    await _close(broker)
                    raise
                self._broker = broker
        return self._broker


@asynccontextmanager
async def open_jobs(redis_url: str, traffic: Traffic) -> AsyncIterator[Jobs]:
    """A way to ask for jobs, closed at the end. What goes to Redis for it, and comes, counts in `traffic`."""
    jobs = Jobs(redis_url, traffic)
    try:
        yield jobs
    finally:
        await jobs.close()


async def work(redis_url: str, jobs: Mapping[str, Work], leaving: asyncio.Event, traffic: Traffic) -> None:
    """Does the jobs of these names until told to leave, then lets those begun end. `traffic` as of `open_jobs`.

    While Redis is away, it tries again each second.
    """
    away = False
    while not leaving.is_set():
        broker = await asyncio.to_thread(_broker, redis_url, traffic)
        try:
            await broker.startup()
            if away:
                log.info("queue available")
                away = False
            await _listen(broker, jobs, leaving)
        except Exception as error:
            if not _is_outage(error):
                raise
            if not away:
                log.warning("queue unavailable", cause=_cause(error))
                away = True
        finally:
            await _close(broker)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AGAIN_SECONDS):
                await leaving.wait()


async def _listen(broker: "AsyncBroker", jobs: Mapping[str, Work], leaving: asyncio.Event) -> None:
    """Until told to leave. (taskiq's own runner would try again at once for ever, with a traceback each time.)"""
    from taskiq.receiver import Receiver  # noqa: PLC0415  # slow to import, but the broker has done so

    broker.is_worker_process = True
    for name, job in jobs.items():
        broker.register_task(_function(job), task_name=name)
    await Receiver(broker, run_startup=False, max_async_tasks=AT_ONCE).listen(leaving)


def _function(job: Work) -> Work:
    """A plain function: taskiq cannot do with a method."""

    async def do(*arguments: str) -> None:
        await job(*arguments)

    return do


def _broker(redis_url: str, traffic: Traffic) -> "AsyncBroker":
    """Its connections count in `traffic`; not those to a Cluster, whose client makes them of no other kind."""
    from taskiq_redis import RedisStreamBroker  # noqa: PLC0415  # slow to import

    scheme = redis_url.partition("://")[0]
    if scheme.endswith("+sentinel"):
        return _sentinel_broker(redis_url, scheme, traffic)
    if scheme.endswith("+cluster"):
        return _cluster_broker(redis_url, scheme)
    broker = RedisStreamBroker(
        redis_url, idle_timeout=REDELIVER_AFTER_MS, socket_timeout=SILENCE_SECONDS, socket_connect_timeout=1, **_STREAM
    )
    pool = broker.connection_pool
    pool.connection_class = counting(pool.connection_class, traffic)
    return broker


def _sentinel_broker(redis_url: str, scheme: str, traffic: Traffic) -> "AsyncBroker":
    from redis.asyncio.sentinel import (  # noqa: PLC0415  # what redis-py makes connections of where there are sentinels
        SentinelManagedConnection,
        SentinelManagedSSLConnection,
    )
    from taskiq_redis import RedisStreamSentinelBroker  # noqa: PLC0415  # slow to import

    addresses = parse_addresses(redis_url, schemes=(scheme,), default_port=26379)
    service, _, database = addresses.path.partition("/")
    own = {"username": "sentinel_username", "password": "sentinel_password"}
    options: dict[str, Any] = {**addresses.options}
    of_sentinels = {name: options.pop(option) for name, option in own.items() if option in options}
    secure = scheme.startswith("rediss")
    kind = counting(SentinelManagedSSLConnection if secure else SentinelManagedConnection, traffic)
    if secure:
        options["ssl"] = True
    return RedisStreamSentinelBroker(
        sentinels=list(addresses.hosts),
        master_name=service,
        sentinel_kwargs={**options, **of_sentinels},
        db=int(database or 0),
        username=addresses.user,
        password=addresses.password,
        connection_class=kind,
        **options,
        **_STREAM,
    )


def _cluster_broker(redis_url: str, scheme: str) -> "AsyncBroker":
    from redis.asyncio.cluster import ClusterNode  # noqa: PLC0415  # what taskiq-redis wants to be given several hosts
    from taskiq_redis import RedisStreamClusterBroker  # noqa: PLC0415  # slow to import

    addresses = parse_addresses(redis_url, schemes=(scheme,), default_port=6379)
    [host, port], *_ = addresses.hosts
    options: dict[str, Any] = {**addresses.options}
    credentials = f"{addresses.credentials}@" if addresses.credentials else ""
    return RedisStreamClusterBroker(
        f"{scheme.partition('+')[0]}://{credentials}{f'[{host}]' if ':' in host else host}:{port}",
        startup_nodes=[ClusterNode(*each) for each in addresses.hosts],
        **options,
        **_STREAM,
    )


async def _close(broker: "AsyncBroker") -> None:
    """Closes the connections; those to the sentinels too, which taskiq-redis leaves open."""
    with contextlib.suppress(Exception):
        await broker.shutdown()
        for sentinel in getattr(getattr(broker, "sentinel", None), "sentinels", ()):
            await sentinel.aclose()


def _cause(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _is_outage(error: BaseException) -> bool:
    """Whether it comes from Redis or the way to it; taskiq wraps such errors in classes of its own, or in groups."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_outage, error.exceptions))
    return isinstance(error, OSError | TimeoutError) or type(error).__module__.partition(".")[0] in VENDORS

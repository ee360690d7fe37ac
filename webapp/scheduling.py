"""Jobs that come round: done by one worker of the fleet each time they are due.

One that fails, or whose worker dies, is due again ten minutes later.
"""

import asyncio
from collections.abc import Iterable

import structlog

from webapp.errors import BackendUnavailable, Overloaded
from webapp.registry import Job
from webapp.resources import Resources

LOOK_SECONDS = 5.0

log = structlog.get_logger("webapp.scheduling")


async def keep_schedule(resources: Resources, jobs: Iterable[Job]) -> None:
    """Does each of these jobs whenever it is due, until cancelled."""
    coming_round = [(job, job.every_seconds) for job in jobs if job.every_seconds is not None]
    while True:
        for job, every_seconds in coming_round:
            await do_if_due(resources, job, every_seconds)
        await asyncio.sleep(LOOK_SECONDS)


async def do_if_due(resources: Resources, job: Job, every_seconds: float) -> bool:
    """Whether it was done, here and now. A failure is logged and counted."""
    schedule, metrics = resources.documents.schedule, resources.metrics
    try:
        if not await schedule.claim(job.name):
            return False
        did = await job.run(resources)
        await schedule.done(job.name, every_seconds)
    except (BackendUnavailable, Overloaded) as error:
        metrics.job_done(job.name, False)
        log.warning("job put off", job=job.name, cause=str(error))
        return False
    except Exception:
        metrics.job_done(job.name, False)
        log.exception("job failed", job=job.name)
        return False
    metrics.job_done(job.name, True)
    log.info("job done", job=job.name, did=did)
    return True

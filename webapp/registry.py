"""The jobs there are, by name. The worker does them; `hotseat job run NAME` does one by hand."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from webapp.exporting import export_by_hand
from webapp.forgetting import forget_reports
from webapp.resources import Resources
from webapp.sweeping import sweep

HOUR = 3600.0


@dataclass(frozen=True)
class Job:
    """`run` takes the resources and a text for each of `arguments`, and says what it did. It bears repeating.

    One with `every_seconds` comes round by itself (`scheduling.py`).
    """

    name: str
    summary: str
    run: Callable[..., Awaitable[str]]
    arguments: tuple[str, ...] = ()
    every_seconds: float | None = None


async def _boards(resources: Resources) -> str:
    return f"{await resources.keeping.round()} computed"


async def _sweep(resources: Resources) -> str:
    return f"{await sweep(resources)} deleted"


def _by_name(*jobs: Job) -> Mapping[str, Job]:
    return {job.name: job for job in jobs}


JOBS = _by_name(
    Job("export", "Make the archive of a report that was asked for.", export_by_hand, ("PERSON_ID", "REPORT_ID")),
    Job("boards", "Compute the boards that are due (BOARD_STRATEGY=denormalised).", _boards),
    Job("forget-reports", "Remove exports older than a week.", forget_reports, every_seconds=HOUR),
    Job("sweep", "Remove pictures that nobody refers to.", _sweep, every_seconds=HOUR),
)


async def run_job(resources: Resources, name: str, *arguments: str) -> str:
    """Does a job here and now; what it did, in a few words. Raises what the job raises."""
    return await JOBS[name].run(resources, *arguments)

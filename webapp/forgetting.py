"""The job `forget-reports`: an export is kept for a week."""

import time

from webapp.multipart import clear
from webapp.resources import Resources

KEPT_SECONDS = 7 * 86_400.0
AT_A_TIME = 100


async def forget_reports(resources: Resources) -> str:
    """Removes archives, and what was left of any, and then their reports. Raises BackendUnavailable, Overloaded."""
    reports, before, forgotten = resources.documents.reports, time.time() - KEPT_SECONDS, 0
    while found := await reports.before(before, AT_A_TIME):
        for user, report_id in found:
            await clear(resources.media, f"exports/{user}/{report_id}")
            await reports.remove(report_id)
        forgotten += len(found)
    return f"{forgotten} forgotten"

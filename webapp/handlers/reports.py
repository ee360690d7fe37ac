"""Exports of one's own data: asked for here, made by the worker, fetched from S3 by a link that lasts a minute."""

import secrets
from contextlib import suppress
from hashlib import sha256

from webapp.answers import ReportSeen
from webapp.errors import BackendUnavailable
from webapp.handlers.api import Api
from webapp.handlers.page import Page
from webapp.handlers.visitor import Visitor
from webapp.handlers.writing import Writer
from webapp.model import Report

MOST_SHOWN = 5


class ReportReader(Writer):
    """What pages and API share."""

    async def ask_for_report(self, visitor: Visitor) -> ReportSeen:
        """Notes the wish, then asks the worker. A repeat with the same key is the same report. Raises as `written`."""
        resources = self.resources
        person_id, key = visitor.person.id, self.idempotency_key()
        report_id = sha256(f"{person_id} {key}".encode()).hexdigest()[:24] if key else secrets.token_hex(12)

        async def work() -> ReportSeen:
            await resources.documents.reports.add(report_id, person_id)
            report = await resources.documents.reports.one(report_id, person_id)
            if report.state == "queued":
                with suppress(BackendUnavailable):  # a worker finds it a little later
                    await resources.jobs.ask("export", person_id, report_id)
            return await self.report_seen(report)

        quotas = [resources.quotas.report]
        report, _ = await self.written(visitor.session, work, ReportSeen, affects=(), quotas=quotas)
        return report

    async def newest_reports(self, visitor: Visitor) -> list[Report]:
        """The person's latest exports."""
        return await self.resources.documents.reports.newest(visitor.person.id, MOST_SHOWN)

    async def report_seen(self, report: Report) -> ReportSeen:
        """A report with its link, if it is done."""
        url = await self.resources.media.link(report.key, "postcards.zip") if report.key else None
        return ReportSeen.of(report, url)


class ReportPage(Page, ReportReader):
    """`POST /settings/reports`"""

    async def post(self) -> None:
        visitor = await self.insist()
        await self.ask_for_report(visitor)
        self.leave_for("/settings", "report")


class ReportsApi(Api, ReportReader):
    """`POST /api/v1/reports`"""

    async def post(self) -> None:
        report = await self.ask_for_report(await self.insist())
        self.set_header("Location", f"/api/v1/reports/{report.id}")
        self.answer(report, 202)


class ReportApi(Api, ReportReader):
    """`GET /api/v1/reports/{id}`"""

    async def get(self, report_id: str) -> None:
        visitor = await self.insist()
        self.answer(await self.report_seen(await self.resources.documents.reports.one(report_id, visitor.person.id)))

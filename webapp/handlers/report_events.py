"""How an export goes on, as server-sent events (HTML standard, 9.2).

Each process looks at the report in MongoDB, once a second for each of its few streams: what the worker wrote is the
truth, there is nothing to miss between two looks, and a stream may be taken up anywhere. The session is looked at as
often. An event's id is what it says, so that whoever comes back with it (`Last-Event-ID`) is told only news.
"""

import asyncio

import msgspec
import structlog
from tornado.iostream import StreamClosedError

from cache import CacheError
from webapp.errors import WebappError
from webapp.handlers.api import Api
from webapp.handlers.reports import ReportReader
from webapp.handlers.visitor import Visitor
from webapp.model import Report
from webapp.resources import Resources

MEDIA_TYPE = "text/event-stream"
LOOK_SECONDS = 1.0  # HAProxy and whoever else is between gives up after some seconds of silence
RETRY = b"retry: 500\n\n"
RETRY_ELSEWHERE = b"retry: 100\n\n"
NOTHING_NEW = b":\n\n"
FINISHED = ("done", "failed")

log = structlog.get_logger("webapp.report_events")


class ReportEventsApi(Api, ReportReader):
    """`GET /api/v1/reports/{id}/events`

    Goes on until the export is finished, the session or the connection over, or the process leaves. Who does not accept
    an event stream (and whom HAProxy would not wait for) gets one event; who has seen the last one, 204.
    """

    def initialize(self, resources: Resources, route: str) -> None:
        super().initialize(resources, route)
        self._gone = asyncio.Event()

    async def get(self, report_id: str) -> None:
        visitor = await self.insist()
        report = await self._report(report_id, visitor)
        seen = self.request.headers.get("Last-Event-ID", "")
        if report.state in FINISHED and seen == _id_of(report):
            self.answer_nothing()
            return
        life = self.resources.life
        if life.leaves or MEDIA_TYPE not in self.request.headers.get("Accept", ""):
            self.set_header("Content-Type", MEDIA_TYPE)
            self.finish((RETRY_ELSEWHERE if life.leaves else RETRY) + await self._event(report))
            return
        with self.resources.streams.opened(visitor.session.tag):
            await self._stream(report, visitor, seen)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._gone.set()

    async def _stream(self, report: Report, visitor: Visitor, seen: str) -> None:
        self.set_header("Content-Type", MEDIA_TYPE)
        self.set_header("Connection", "close")  # the proxy's connection to this process, which may be about to leave
        self.complete_headers()
        self.write(RETRY)
        try:
            await self.flush()
            self.is_over()  # its headers are out: it is no reason any more not to move this person
            await self._follow(report, visitor, seen)
            if self.resources.life.leaves:
                self.write(RETRY_ELSEWHERE)
            await self.finish()
        except StreamClosedError:
            return

    async def _follow(self, report: Report, visitor: Visitor, seen: str) -> None:
        try:
            while True:
                news = _id_of(report) != seen
                self.write(await self._event(report) if news else NOTHING_NEW)
                await self.flush()
                seen = _id_of(report)
                if report.state in FINISHED or await self._ends_within(self._look_seconds):
                    return
                if await self.visitor() is None:
                    return
                report = await self._report(report.id, visitor)
        except (WebappError, CacheError) as error:
            log.info("stream ended", cause=str(error))  # the browser comes back, and is answered what there is to say

    async def _report(self, report_id: str, visitor: Visitor) -> Report:
        return await self.resources.documents.reports.one(report_id, visitor.person.id)

    async def _event(self, report: Report) -> bytes:
        data = msgspec.json.encode(await self.report_seen(report))
        return b"id: %b\nevent: report\ndata: %b\n\n" % (_id_of(report).encode(), data)

    @property
    def _look_seconds(self) -> float:
        """A session that was ended is noticed within B."""
        return min(LOOK_SECONDS, self.resources.settings.hot_staleness_seconds)

    async def _ends_within(self, seconds: float) -> bool:
        """Whether the client leaves, or this process is told to; waits no longer than this."""
        ends = [asyncio.create_task(self._gone.wait()), asyncio.create_task(self.resources.life.wait_leaving())]
        done, pending = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        return bool(done)


def _id_of(report: Report) -> str:
    return f"{report.state}-{report.progress}"

"""An export's progress on the page: live, through the death of the instance that tells of it, up to the download."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
import pytest
from desk import Desk
from fleet import FRESH_SECONDS, end_suddenly
from playwright.sync_api import Locator, Route, expect

from deploy.local import Stack

WORKER = "worker-1"
BROKEN_OFF = ("net::ERR_INCOMPLETE_CHUNKED_ENCODING", "net::ERR_EMPTY_RESPONSE")

pytestmark = [pytest.mark.browser, pytest.mark.stack]


@pytest.fixture
def idle(stack: Stack) -> Iterator[Stack]:
    """A stack without a worker, so that an export goes on as the test says."""
    stack.stop(WORKER)
    yield stack
    if not stack.pid(WORKER):
        stack.start(WORKER)
    stack.wait_ready(WORKER, FRESH_SECONDS)


@contextmanager
def reports_of(stack: Stack) -> Iterator[Any]:
    """The collection of reports behind the stack."""
    with pymongo.MongoClient(stack.environ_of("web-1")["MONGODB_URL"]) as client:
        yield client.get_default_database("postcards").reports


def ask_for_export(desk: Desk) -> tuple[str, Locator]:
    """By somebody new: the report's id, and where the page shows it."""
    desk.go("/signup")
    desk.sign_up(f"carla_{secrets.token_hex(4)}", "Carla Waits")
    desk.at("/board")
    desk.nav("Settings", "/settings")
    desk.show("export").click()
    shown = desk.show("report")
    expect(shown).to_contain_text("Waiting")
    return shown.get_attribute("data-report-id") or "", shown


def expect_progress(shown: Locator, percent: int) -> None:
    expect(shown.get_by_role("progressbar")).to_have_js_property("value", percent)


def test_progress_is_live_and_survives_the_instance_that_tells_of_it(
    idle: Stack, open_desk: Callable[..., Desk]
) -> None:
    """Nothing is asked for twice: it is all told by streams. In the end the download is there."""
    desk = open_desk()
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    with desk.page.expect_response(re.compile("/events$")) as streaming:
        report_id, shown = ask_for_export(desk)
    instance = streaming.value.header_value("x-instance")
    assert instance is not None
    with reports_of(idle) as reports:
        reports.update_one({"_id": report_id}, {"$set": {"state": "running", "progress": 30}})
        expect_progress(shown, 30)
        expect(shown).to_contain_text("Being made")
        with desk.page.expect_response(re.compile("/events$")) as streaming:
            end_suddenly(idle, instance)
        assert streaming.value.header_value("x-instance") != instance
        reports.update_one({"_id": report_id}, {"$set": {"progress": 60}})
        expect_progress(shown, 60)
    assert not [url for url in asked if url.endswith(report_id)]
    idle.wait_ready(instance)
    idle.start(WORKER)
    expect(desk.show("download")).to_be_visible(timeout=FRESH_SECONDS * 1000)
    expect(shown).to_contain_text("Ready")
    desk.watch.faults[:] = [fault for fault in desk.watch.faults if not any(each in fault for each in BROKEN_OFF)]


def test_where_nothing_is_streamed_the_page_asks(idle: Stack, open_desk: Callable[..., Desk]) -> None:
    """A stream that is refused is not asked for again."""
    desk = open_desk()
    refused: list[Route] = []

    def refuse(route: Route) -> None:
        refused.append(route)
        route.fulfill(status=429)

    desk.page.route(re.compile("/events$"), refuse)
    with desk.watch.expecting(429), reports_of(idle) as reports:
        report_id, shown = ask_for_export(desk)
        reports.update_one({"_id": report_id}, {"$set": {"state": "running", "progress": 30}})
        expect_progress(shown, 30)
    assert len(refused) == 1

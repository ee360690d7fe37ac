"""For the inside only, never reachable through the front: is it alive, is it ready, what did it count, how is it."""

import functools
from typing import Any

import msgspec
from jinja2 import Environment
from tornado.web import RequestHandler

from webapp.exposition import CONTENT_TYPE
from webapp.fleet import Told
from webapp.life import LEAVING, READINESS, Life, Phase
from webapp.looks import open_templates
from webapp.metrics import Metrics
from webapp.resources import Resources


class Healthz(RequestHandler):
    """`GET /healthz`: 200 as long as the event loop turns."""

    def get(self) -> None:
        self.finish("alive\n")

    def _log(self) -> None:
        """Not worth a line."""


class Readyz(RequestHandler):
    """`GET /readyz`: 200 ready, 404 draining, 503 starting or closing. Does not depend on backing services."""

    def initialize(self, life: Life) -> None:
        self._life = life

    def get(self) -> None:
        self.set_status(self._life.readiness)
        self.finish(f"{self._life.phase}\n")

    def head(self) -> None:
        self.get()

    def _log(self) -> None:
        """Not worth a line."""


class Exposition(RequestHandler):
    """`GET /metrics` for Prometheus."""

    def initialize(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(await self._metrics.exposition())

    def compute_etag(self) -> None:
        """None: no two scrapes are alike."""

    def _log(self) -> None:
        """Not worth a line."""


class HotState(msgspec.Struct, frozen=True):
    """How it is with this process's hot copies; `reason` is a sentence where they are wanted and not trusted.

    `state` is one of the link's, or `naive` or `off` by choice; `hit_rate` that of the last minute.
    """

    state: str
    reason: str
    entries: int
    bytes: int
    hit_rate: float | None


class ProcessState(msgspec.Struct, frozen=True):
    """How it is with this process."""

    instance: str
    version: str
    mode: str
    rung: str
    phase: str
    readiness: int
    draining: bool
    in_flight: int
    users: int
    lag_ms: float
    hot: HotState


class Inside(RequestHandler):
    """A page of the admin port that shows what this process knows."""

    def initialize(self, resources: Resources) -> None:
        self.resources = resources

    def answer_json(self, content: Any) -> None:
        """Answers with a struct or a list of them."""
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(content))

    def _log(self) -> None:
        """Not worth a line."""


class Status(Inside):
    """`GET /status`: what `hotseat status` shows of a running process, as JSON."""

    def get(self) -> None:
        self.answer_json(state_of(self.resources.fleet.own))


class FleetList(Inside):
    """`GET /fleet.json`: every web process there is, as they tell of themselves."""

    async def get(self) -> None:
        self.answer_json([state_of(told) for told in await self.resources.fleet.everybody()])


class FleetPage(Inside):
    """`GET /fleet`: the same, to look at."""

    async def get(self) -> None:
        members = [state_of(told) for told in await self.resources.fleet.everybody()]
        page = (
            fleet_templates()
            .get_template("fleet.html")
            .render(
                members=members,
                own=self.resources.settings.instance_id,
                differing=[name for name in ("mode", "version") if len({getattr(each, name) for each in members}) > 1],
            )
        )
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.finish(page)


@functools.cache
def fleet_templates() -> Environment:
    """Made when first asked for: most processes are never looked at."""
    return open_templates(lambda path: path, None)


def state_of(told: Told) -> ProcessState:
    """What a process told of itself, in the form that is shown."""
    phase = Phase(told.phase) if told.phase in set(Phase) else Phase.READY
    return ProcessState(
        instance=told.instance,
        version=told.version,
        mode=told.mode,
        rung=told.rung,
        phase=told.phase,
        readiness=READINESS[phase],
        draining=phase in LEAVING,
        in_flight=told.in_flight,
        users=told.users,
        lag_ms=told.lag_ms,
        hot=HotState(told.hot_state, told.hot_reason, told.hot_entries, told.hot_bytes, told.hit_rate),
    )


InternalRoute = tuple[str, type[RequestHandler], dict[str, Any]]


def internal_routes(resources: Resources) -> list[InternalRoute]:
    """The routes of the admin port."""
    return [
        (r"/healthz", Healthz, {}),
        (r"/readyz", Readyz, {"life": resources.life}),
        (r"/metrics", Exposition, {"metrics": resources.metrics}),
        (r"/status", Status, {"resources": resources}),
        (r"/fleet\.json", FleetList, {"resources": resources}),
        (r"/fleet", FleetPage, {"resources": resources}),
    ]

"""For the inside only, never reachable through the front: is it alive, is it ready, what did it count, how is it."""

from collections.abc import Callable
from typing import Any

import msgspec
from tornado.web import RequestHandler

from webapp.metrics import Metrics
from webapp.resources import Resources


class Healthz(RequestHandler):
    """`GET /healthz`: 200 as long as the event loop turns."""

    def get(self) -> None:
        self.finish("alive\n")

    def _log(self) -> None:
        """Not worth a line."""


class Readyz(RequestHandler):
    """`GET /readyz`: 200 ready, 404 draining, 503 closing. Does not depend on backing services."""

    def initialize(self, status: Callable[[], int]) -> None:
        self._readiness = status

    def get(self) -> None:
        self.set_status(self._readiness())
        self.finish({200: "ready\n", 404: "draining\n"}.get(self.get_status(), "closing\n"))

    def head(self) -> None:
        self.get()

    def _log(self) -> None:
        """Not worth a line."""


class Exposition(RequestHandler):
    """`GET /metrics` for Prometheus."""

    def initialize(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(self._metrics.exposition())

    def _log(self) -> None:
        """Not worth a line."""


class HotState(msgspec.Struct, frozen=True):
    """How it is with this process's hot copies; `reason` is a sentence where they are wanted and not trusted."""

    state: str
    reason: str
    entries: int
    bytes: int


class ProcessState(msgspec.Struct, frozen=True):
    """How it is with this process."""

    instance: str
    version: str
    mode: str
    rung: str
    readiness: int
    in_flight: int
    hot: HotState


class Status(RequestHandler):
    """`GET /status`: what `hotseat status` shows of a running process, as JSON."""

    def initialize(self, resources: Resources, status: Callable[[], int]) -> None:
        self._resources = resources
        self._readiness = status

    def get(self) -> None:
        resources, settings = self._resources, self._resources.settings
        self.set_header("Content-Type", "application/json")
        self.finish(
            msgspec.json.encode(
                ProcessState(
                    instance=settings.instance_id,
                    version=resources.version,
                    mode=settings.mode,
                    rung=settings.rung,
                    readiness=self._readiness(),
                    in_flight=resources.metrics.in_flight,
                    hot=hot_state(resources),
                )
            )
        )

    def _log(self) -> None:
        """Not worth a line."""


def hot_state(resources: Resources) -> HotState:
    """The state of the hot copies, in the words of the link's states and two more: `naive`, and `off` by choice."""
    held = resources.cache.hot
    state, reason = resources.cache.state()
    if resources.settings.hot_cache != "on":
        state, reason = resources.settings.hot_cache, ""
    return HotState(state, reason, len(held), held.bytes)


InternalRoute = tuple[str, type[RequestHandler], dict[str, Any]]


def internal_routes(resources: Resources, status: Callable[[], int]) -> list[InternalRoute]:
    """The routes of the admin port."""
    return [
        (r"/healthz", Healthz, {}),
        (r"/readyz", Readyz, {"status": status}),
        (r"/metrics", Exposition, {"metrics": resources.metrics}),
        (r"/status", Status, {"resources": resources, "status": status}),
    ]

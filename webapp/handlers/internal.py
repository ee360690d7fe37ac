"""For the inside only, never reachable through the front: is it alive, is it ready, what did it count."""

from collections.abc import Callable
from typing import Any

from tornado.web import RequestHandler

from webapp.metrics import Metrics


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


InternalRoute = tuple[str, type[RequestHandler], dict[str, Any]]


def internal_routes(metrics: Metrics, status: Callable[[], int]) -> list[InternalRoute]:
    """The routes of the admin port."""
    return [
        (r"/healthz", Healthz, {}),
        (r"/readyz", Readyz, {"status": status}),
        (r"/metrics", Exposition, {"metrics": metrics}),
    ]

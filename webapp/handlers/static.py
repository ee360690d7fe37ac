"""`GET /static/...`: style sheet, fonts, scripts; kept for ever where the address carries the content's hash."""

from typing import Any

from tornado.web import StaticFileHandler

from webapp.resources import Resources


class StaticFiles(StaticFileHandler):
    """Tornado's own, counted and named like every other answer."""

    def initialize(self, path: str, resources: Resources) -> None:  # type: ignore[override]  # one more dependency
        super().initialize(path)
        self._resources = resources

    def set_extra_headers(self, path: str) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")
        if self._resources.settings.evidence:
            self.set_header("X-Instance", self._resources.settings.instance_id)

    def on_finish(self) -> None:
        method, seconds = self.request.method or "GET", self.request.request_time()
        self._resources.metrics.answered("static", method, self.get_status(), seconds)

    def check_xsrf_cookie(self) -> Any:
        """Nothing here can be written to."""

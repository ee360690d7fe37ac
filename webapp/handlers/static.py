"""`GET /static/...`: style sheet, fonts, scripts; kept for ever where the address carries the content's hash."""

from typing import Any

from tornado.web import HTTPError, StaticFileHandler

from webapp.resources import Resources


class StaticFiles(StaticFileHandler):
    """Tornado's own, counted and named like every other answer."""

    def initialize(self, path: str, resources: Resources) -> None:  # type: ignore[override]  # one more dependency
        super().initialize(path)
        self._resources = resources

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in self.settings["protective_headers"].items():
            self.set_header(name, value)

    def prepare(self) -> None:
        if not self._resources.life.keeps_connections:
            self.set_header("Connection", "close")

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        if "\0" in absolute_path:
            raise HTTPError(404)  # Tornado's own check fails over it
        return super().validate_absolute_path(root, absolute_path)

    def set_extra_headers(self, path: str) -> None:
        if self._resources.settings.evidence:
            self.set_header("X-Instance", self._resources.settings.instance_id)

    def on_finish(self) -> None:
        method, seconds = self.request.method or "GET", self.request.request_time()
        self._resources.metrics.answered("static", method, self.get_status(), seconds)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """That somebody asked for what is not there is counted, not logged."""
        if not isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)

    def check_xsrf_cookie(self) -> Any:
        """Nothing here can be written to."""

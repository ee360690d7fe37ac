"""What every request has in common: its id, its evidence, its headers, its count, and how an error is answered.

One place decides what a failure means to the client (`failure_of`); handlers just raise. What is said while a backing
service is away is the outage contract's (`webapp/outage.py`).
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from tornado.web import HTTPError, RequestHandler

import cache
from webapp import errors, outage
from webapp.affinity import MOVED, cookie_name
from webapp.resources import Resources

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

log = structlog.get_logger("webapp.requests")


@dataclass
class Evidence:
    """Who served a request and from where. Shown on the page; never part of anything cached.

    What begins with `stale` or ends so says why something past its time was answered: outage, error, or "" if none was.
    """

    instance: str
    mode: str
    strategy: str
    request_id: str
    affinity: str = "none"
    session_tier: str = "none"
    session_ms: float | None = None
    session_stale: str = ""
    board_tier: str = "none"
    board_ms: float | None = None
    board_stale: str = ""
    stale: str = ""
    total_ms: float | None = None

    @property
    def moved(self) -> bool:
        """Whether HAProxy had to send this browser elsewhere than before."""
        return self.affinity in MOVED


@dataclass(frozen=True)
class Failure:
    """An error as the client is told: a status, a sentence, a fault per field."""

    status: int
    detail: str
    faults: Mapping[str, str] = field(default_factory=dict)
    retry_seconds: int | None = None


class Base(RequestHandler):
    """A handler that knows the application's resources and its own route's name."""

    resources: Resources
    route: str
    evidence: Evidence
    request_id: str
    tag: str | None = None  # of whom the request is, once that is proven

    def initialize(self, resources: Resources, route: str) -> None:
        self.resources = resources
        self.route = route
        self._started = time.perf_counter()
        self._in_flight = False
        settings = resources.settings
        given = self.request.headers.get("X-Request-ID", "")
        self.request_id = given if REQUEST_ID.fullmatch(given) else str(uuid4())
        self.evidence = Evidence(
            instance=settings.instance_id,
            mode=settings.mode,
            strategy=settings.board_strategy,
            request_id=self.request_id,
        )

    @classmethod
    def methods(cls) -> list[str]:
        """What this kind of handler answers; HEAD only where there is something to GET."""
        methods = [name for name in cls.SUPPORTED_METHODS if _implements(cls, name)]
        return methods if "GET" in methods else [name for name in methods if name != "HEAD"]

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in self.settings["protective_headers"].items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-store")

    async def prepare(self) -> None:
        structlog.contextvars.bind_contextvars(request_id=self.request_id)
        if self.resources.settings.sticky_mode:
            headers = self.request.headers
            outcome = self.resources.affinity.outcome(headers.get("X-Affinity", ""), headers.get("X-Slot", ""))
            self.evidence.affinity = outcome
            self.resources.metrics.affinity(outcome)
        if self.resources.metrics.in_flight >= outage.MOST_IN_FLIGHT:
            raise errors.Overloaded("requests")
        self.resources.metrics.in_flight += 1
        self._in_flight = True

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """A part of the address, a query or a form as text. Raises InvalidInput naming it."""
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise errors.InvalidInput({name or "path": "This is not valid UTF-8 text."}) from None

    def finish(self, chunk: Any = None) -> Any:
        """Completes the headers before they go out, if they have not gone yet."""
        if not self._headers_written:
            self.complete_headers()
        return super().finish(chunk)

    def complete_headers(self) -> None:
        """Adds the evidence, and where the browser is to go next."""
        if self.resources.settings.sticky_mode:
            self._move()
        if not self.resources.life.keeps_connections:
            self.set_header("Connection", "close")
        self.set_header("X-Request-ID", self.request_id)
        if self.resources.settings.evidence:
            self._show_evidence()

    def on_finish(self) -> None:
        seconds = time.perf_counter() - self._started
        status = self.get_status()
        if self._in_flight:
            self._in_flight = False
            self.resources.metrics.in_flight -= 1
        self.resources.metrics.answered(self.route, self.request.method or "GET", status, seconds)
        log.info(
            "request",
            route=self.route,
            method=self.request.method,
            status=status,
            ms=round(seconds * 1000, 2),
            session=self.evidence.session_tier,
            board=self.evidence.board_tier,
            stale=self.evidence.stale,
            affinity=self.evidence.affinity,
        )

    def on_connection_close(self) -> None:
        """The client left before its answer: it is not in flight any more."""
        super().on_connection_close()
        if self._in_flight:
            self._in_flight = False
            self.resources.metrics.in_flight -= 1

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answers an error, whatever raised it."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        backend = backend_of(error)
        failure = failure_of(error, status_code) if backend is None else self._away(backend)
        self.set_status(failure.status, reason_of(failure.status))
        if failure.retry_seconds is not None:
            self.set_header("Retry-After", str(failure.retry_seconds))
        if failure.status == 405:
            self.set_header("Allow", ", ".join(self.methods()))
        self.write_failure(failure)

    def write_failure(self, failure: Failure) -> None:
        """Shows an error in the form this kind of handler speaks, and finishes."""
        raise NotImplementedError

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Only what nobody foresaw is logged as an error; that a backing service went away is told once, elsewhere."""
        if isinstance(value, errors.BackendUnavailable | cache.Unavailable):
            log.debug("refused", route=self.route, cause=str(value))
        elif isinstance(value, errors.Overloaded | cache.Overloaded):
            self.resources.busy.refused(str(value))
        elif not isinstance(value, errors.WebappError | HTTPError | cache.Refused):
            log.error("unforeseen", route=self.route, exc_info=(typ, value, tb))

    def _away(self, backend: errors.Backend) -> Failure:
        cell = outage.refusal(self.route, self.request.method, backend)
        return Failure(503, cell.sentence, {}, cell.retry_seconds)

    def _move(self) -> None:
        """Not in an answer that may be kept: whoever is given it later is somebody else."""
        if self._headers.get("Cache-Control") != "no-store":
            return
        value = self.resources.moving.cookie(self.evidence.affinity, self.tag)
        if value is not None:
            secure = self.resources.settings.secure
            name = cookie_name(secure)
            self.set_cookie(name, value, path="/", httponly=True, samesite="Lax", secure=secure)

    def _show_evidence(self) -> None:
        evidence = self.evidence
        self.set_header("X-Instance", evidence.instance)
        timings = [f"total;dur={(time.perf_counter() - self._started) * 1000:.2f}"]
        for name, tier, took, stale in (
            ("session", evidence.session_tier, evidence.session_ms, evidence.session_stale),
            ("board", evidence.board_tier, evidence.board_ms, evidence.board_stale),
        ):
            if tier == "none":
                continue
            timings.append(f'{name};desc="{tier}"' + ("" if took is None else f";dur={took:.2f}"))
            self.add_header("Cache-Status", _cache_status(evidence.instance, name, tier, stale))
        self.set_header("Server-Timing", ", ".join(timings))


def _implements(handler: type[RequestHandler], method: str) -> bool:
    return getattr(handler, method.lower()) is not getattr(RequestHandler, method.lower())


def backend_of(error: BaseException | None) -> errors.Backend | None:
    """The backing service that did not do its part; None if it was none of them. What is loaded comes from MongoDB."""
    match error:
        case errors.BackendUnavailable():
            return error.backend
        case cache.Unavailable():
            return "mongodb" if error.operation == "load" else "redis"
        case _:
            return None


def failure_of(error: BaseException | None, status_code: int) -> Failure:  # noqa: PLR0911  # one line per kind of error
    """What an error means to a client."""
    match error:
        case errors.InvalidInput():
            return Failure(error.status, "Some of what you sent cannot be accepted.", error.faults)
        case errors.Conflict() | errors.TooMany():
            return Failure(error.status, error.detail, error.faults, error.retry_after)
        case errors.NotFound():
            return Failure(404, str(error))
        case cache.Refused():
            return Failure(401, "Your session has ended. Log in again.")
        case errors.Overloaded() | cache.Overloaded():
            return Failure(503, outage.BUSY, {}, outage.RETRY_SECONDS)
        case HTTPError() if error.status_code == 400:  # Tornado's, for a form it cannot read
            return Failure(400, "This request cannot be read.", {"body": "This is not a form we can read."})
        case HTTPError() if error.status_code < 500 or error.status_code == 503:
            return Failure(error.status_code, error.log_message or f"{reason_of(error.status_code)}.")
        case _:
            return Failure(max(status_code, 500), "Something went wrong on our side.")


def _cache_status(instance: str, name: str, tier: str, stale: str) -> str:
    """RFC 9211: one entry per thing that was looked up."""
    outcome = "hit" if tier in ("hot", "redis", "mongodb") else "fwd=miss"
    detail = f"{name}-{tier}" + (f"-stale-{stale}" if stale else "")
    return f'{instance}; {outcome}; detail="{detail}"'


def reason_of(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"

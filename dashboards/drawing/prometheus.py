"""A Prometheus, asked over its HTTP API ("HTTP API" in its manual). The only place that talks to it.

Each question has a deadline, and its answer a greatest size. What goes wrong is told in one sentence.
"""

import base64
import http.client
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

from dashboards.drawing.errors import NoPrometheus, QueryFailed
from dashboards.drawing.intervals import DEFAULT_SCRAPE_SECONDS, seconds_of

T = TypeVar("T")

ASK_SECONDS: Final = 20.0
MOST_BYTES: Final = 32 << 20
MOST_SERIES: Final = 1000


@dataclass(frozen=True)
class Sampled:
    """One series: its labels, and values at times. NaN and infinities are among the values."""

    labels: Mapping[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]


class _Found(msgspec.Struct):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []


class _Result(msgspec.Struct, rename={"kind": "resultType"}):
    kind: str = ""
    result: Any = None


class _Answer(msgspec.Struct, rename={"error_type": "errorType"}):
    status: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    error_type: str = ""


class Prometheus:
    """The one at `url`, a path in front of its API included. Raises NoPrometheus for what is no address."""

    def __init__(self, url: str, *, seconds: float = ASK_SECONDS) -> None:
        self.url = url.rstrip("/")
        self._seconds = seconds
        try:
            self._parts = urlsplit(self.url)
            self._port = self._parts.port
        except ValueError:
            raise NoPrometheus(f"{url} is no address of a Prometheus; give one like http://127.0.0.1:9090") from None
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise NoPrometheus(f"{url} is no address of a Prometheus; give one like http://127.0.0.1:9090")

    def check(self) -> str:
        """Its version. Raises NoPrometheus if nothing answers, or something else does."""
        try:
            told = self._ask("/api/v1/status/buildinfo", {}, dict[str, Any])
        except QueryFailed as error:
            raise NoPrometheus(f"What answers at {self.shown} is no Prometheus: {error}") from error
        return str(told.get("version", ""))

    @property
    def shown(self) -> str:
        """Its address without what may be secret."""
        return self.url.replace(f"{self._parts.netloc}", self._parts.netloc.rpartition("@")[2], 1)

    def scrape_seconds(self) -> float:
        """How often it looks at most of its targets; Grafana's guess, if it does not tell."""
        try:
            told = self._ask("/api/v1/status/config", {}, dict[str, str])
        except QueryFailed:
            return DEFAULT_SCRAPE_SECONDS
        found = re.search(r"^\s*scrape_interval:\s*(\S+)", told.get("yaml", ""), re.MULTILINE)
        return (seconds_of(found[1]) if found else 0.0) or DEFAULT_SCRAPE_SECONDS

    def over(self, query: str, start: float, end: float, step: float) -> list[Sampled]:
        """Its values at `start`, every `step` seconds, until `end`. Raises QueryFailed, NoPrometheus."""
        asked = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        return self._samples("/api/v1/query_range", asked)

    def at(self, query: str, moment: float) -> list[Sampled]:
        """Its values at that moment, one each. Raises QueryFailed, NoPrometheus."""
        return self._samples("/api/v1/query", {"query": query, "time": f"{moment:.3f}"})

    def label_values(self, label: str, selector: str, start: float, end: float) -> list[str]:
        """The values of a label among the series that a selector names, all if it is empty."""
        asked = {"start": f"{start:.3f}", "end": f"{end:.3f}"} | ({"match[]": selector} if selector else {})
        return sorted(self._ask(f"/api/v1/label/{quote(label)}/values", asked, list[str], method="GET"))

    def _samples(self, path: str, asked: Mapping[str, str]) -> list[Sampled]:
        told = self._ask(path, asked, _Result)
        if told.kind in ("scalar", "string"):
            moment, value = told.result
            return [Sampled({}, (float(moment),), (_number(value),))]
        found = msgspec.convert(told.result, list[_Found], strict=False)
        if len(found) > MOST_SERIES:
            raise QueryFailed(f"It has {len(found)} series; more than {MOST_SERIES} are not drawn.")
        return [_sampled(each) for each in found]

    def _ask(self, path: str, asked: Mapping[str, str], kind: type[T], *, method: str = "POST") -> T:
        body = self._get(path, asked, method)
        try:
            told = msgspec.json.decode(body, type=_Answer)
            if told.status != "success":
                raise QueryFailed(told.error or told.error_type or "Prometheus refuses it and does not say why.")
            return msgspec.json.decode(told.data, type=kind)
        except msgspec.DecodeError:
            raise QueryFailed("it does not answer as Prometheus does") from None

    def _get(self, path: str, asked: Mapping[str, str], method: str) -> bytes:
        connect = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = connect(self._parts.hostname or "", self._port, timeout=self._seconds)
        form, target = urlencode(asked), self._parts.path + path
        headers = {"Accept": "application/json", "Connection": "close", **self._credentials()}
        try:
            if method == "GET" or not asked:
                connection.request("GET", f"{target}?{form}" if form else target, headers=headers)
            else:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                connection.request("POST", target, form, headers)
            body = connection.getresponse().read(MOST_BYTES + 1)
        except TimeoutError:
            raise QueryFailed(f"There was no answer within {self._seconds:g} s.") from None
        except (OSError, http.client.HTTPException) as error:
            what = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NoPrometheus(f"There is no Prometheus at {self.shown} ({what}).") from error
        finally:
            connection.close()
        if len(body) > MOST_BYTES:
            raise QueryFailed(f"The answer is longer than {MOST_BYTES >> 20} MiB.")
        return body

    def _credentials(self) -> dict[str, str]:
        if self._parts.username is None:
            return {}
        told = f"{unquote(self._parts.username)}:{unquote(self._parts.password or '')}"
        return {"Authorization": f"Basic {base64.b64encode(told.encode()).decode()}"}


def _sampled(found: _Found) -> Sampled:
    pairs = found.values or ([found.value] if found.value else [])
    return Sampled(found.metric, tuple(moment for moment, _ in pairs), tuple(_number(value) for _, value in pairs))


def _number(text: Any) -> float:
    """Prometheus writes numbers as texts: `NaN`, `+Inf` and `-Inf` among them."""
    try:
        return float(text)
    except ValueError:
        return math.nan

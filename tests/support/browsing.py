"""A client that behaves like a browser where it matters here: it keeps cookies, sends forms with their token, and does
not follow redirects unasked."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httputil import HTTPHeaders

NOTHING: Any = object()
BOUNDARY = b"----a-boundary-nobody-writes"
PATIENCE_SECONDS = 20
TOKEN = re.compile(r'name="xsrf-token" content="([^"]+)"')
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Part:
    """A part of a multipart form. With a file name it is a file, without one a field."""

    content: bytes
    file_name: str | None = None
    media_type: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]

    @property
    def faults(self) -> dict[str, str]:
        """The message for each field of a problem."""
        assert self.media_type == PROBLEM, (self.status, self.media_type, self.body[:300])
        return {fault["field"]: fault["detail"] for fault in self.json.get("errors", [])}

    @property
    def set_cookies(self) -> dict[str, "Morsel[str]"]:
        """The cookies this answer sets, with their attributes."""
        found: SimpleCookie = SimpleCookie()
        for line in self.headers.get_list("Set-Cookie"):
            found.load(line)
        return dict(found)


@dataclass
class Browser:
    """One visitor's browser at one site; give it another address to let another instance answer."""

    client: AsyncHTTPClient
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(  # one keyword per kind of body
        self,
        method: str,
        path: str,
        *,
        json: Any = NOTHING,  # the usual word
        form: Mapping[str, str | bytes] | None = None,
        parts: Mapping[str, Part] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> Answer:
        """One request; the answer's cookies are kept."""
        body, media_type = _encoded(json, form, parts, body)
        sent = {**self.headers, **({"Content-Type": media_type} if media_type else {}), **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = HTTPRequest(
            (url or self.url) + path,
            method=method,
            body=body,
            headers=sent,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            decompress_response=False,
            request_timeout=PATIENCE_SECONDS,
        )
        response = await self.client.fetch(request, raise_error=False)
        if response.error is not None and response.code == 599:
            raise response.error
        answer = Answer(response.code, response.headers, response.body)
        self._keep(answer)
        return answer

    async def get(self, path: str, **how: Any) -> Answer:
        return await self.ask("GET", path, **how)

    async def post(self, path: str, **how: Any) -> Answer:
        return await self.ask("POST", path, **how)

    async def put(self, path: str, **how: Any) -> Answer:
        return await self.ask("PUT", path, **how)

    async def patch(self, path: str, **how: Any) -> Answer:
        return await self.ask("PATCH", path, **how)

    async def delete(self, path: str, **how: Any) -> Answer:
        return await self.ask("DELETE", path, **how)

    async def submit(
        self, path: str, fields: Mapping[str, str | bytes] | None = None, files: Mapping[str, Part] | None = None
    ) -> Answer:
        """Sends a form with the token of a page shown to this browser, as multipart if it holds a file."""
        fields = {"_xsrf": await self.token(), **(fields or {})}
        if files is None:
            return await self.post(path, form=fields)
        texts = {name: Part(text if isinstance(text, bytes) else text.encode()) for name, text in fields.items()}
        return await self.post(path, parts={**texts, **files})

    async def token(self) -> str:
        """The token in the forms of a page shown now."""
        shown = TOKEN.search((await self.get("/people")).text)
        assert shown is not None, "a page without a form's token"
        return shown[1]

    def clone(self) -> "Browser":
        """Another browser with the same cookies, as if they had been copied."""
        return Browser(self.client, self.url, self.headers, dict(self.cookies))

    def _keep(self, answer: Answer) -> None:
        for name, morsel in answer.set_cookies.items():
            if _is_over(morsel):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


def multipart(parts: Mapping[str, Part]) -> bytes:
    """The body of a multipart form."""
    return b"".join(_lines(parts))


MULTIPART = f"multipart/form-data; boundary={BOUNDARY.decode()}"


def _lines(parts: Mapping[str, Part]) -> Iterator[bytes]:
    for name, part in parts.items():
        yield b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
        if part.file_name is not None:
            yield b'; filename="' + part.file_name.encode() + b'"'
        if part.media_type is not None:
            yield b"\r\nContent-Type: " + part.media_type.encode()
        yield b"\r\n\r\n" + part.content + b"\r\n"
    yield b"--" + BOUNDARY + b"--\r\n"


def _encoded(
    as_json: Any, form: Mapping[str, str | bytes] | None, parts: Mapping[str, Part] | None, body: bytes | None
) -> tuple[bytes | None, str | None]:
    if as_json is not NOTHING:
        return json.dumps(as_json).encode(), "application/json"
    if form is not None:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    if parts is not None:
        return multipart(parts), MULTIPART
    return body, None


def _is_over(morsel: "Morsel[str]") -> bool:
    expires = morsel["expires"]
    return morsel["max-age"] == "0" or (bool(expires) and parsedate_to_datetime(expires).timestamp() < time.time())

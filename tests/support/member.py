"""Somebody who uses Postcards over the API: an HTTP client with a browser's cookies and an account."""

import secrets
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Self

import httpx

NewMember = Callable[[], Awaitable["Member"]]

PASSWORD = "correct horse battery"


def plain_client(url: str, **kwargs: Any) -> httpx.AsyncClient:
    """A client for plain HTTP: it does not spend 50 ms on reading certificates it has no use for."""
    return httpx.AsyncClient(base_url=url, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), timeout=20, **kwargs)


class Member:
    """`handle` is nobody else's. Answers are httpx's, whatever their status; `done` insists on success."""

    def __init__(self, url: str, *, handle: str | None = None, **headers: str) -> None:
        self.handle = handle or f"m_{secrets.token_hex(6)}"
        self.client = plain_client(url, headers=headers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.client.aclose()

    async def ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return await self.client.request(method, path, **kwargs)

    async def done(self, method: str, path: str, **kwargs: Any) -> Any:
        """The JSON of an answer that must be a success; None if it has no body."""
        answer = await self.ask(method, path, **kwargs)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def sign_up(self) -> None:
        await self.done("POST", "/api/v1/signup", json={"handle": self.handle, "password": PASSWORD, "name": "Someone"})

    async def log_in(self) -> None:
        await self.done("POST", "/api/v1/login", json={"handle": self.handle, "password": PASSWORD})

    def claim(self, slot_value: str | None) -> None:
        """Sends this affinity cookie from now on, or none, until HAProxy sets another."""
        jar = self.client.cookies.jar
        for cookie in [cookie for cookie in jar if cookie.name == "SRV"]:
            jar.clear(cookie.domain, cookie.path, cookie.name)
        if slot_value:
            self.client.cookies.set("SRV", slot_value, domain=self.client.base_url.host)

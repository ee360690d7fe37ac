"""A site while a fault has struck it, and what can be found of it from outside."""

import http.client
import itertools
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab.faults import Fault
from lab.testbed.site import Site

HOST = "127.0.0.1"
PATIENCE_SECONDS = 0.5
ANSWER_SECONDS = 10.0
_serial = itertools.count(time.time_ns() % 10**9)


@contextmanager
def struck(site: Site, fault: Fault) -> Iterator[None]:
    """Inside, the fault has struck; afterwards the site has settled, and serves."""
    try:
        fault.strike(site)
        yield
    finally:
        fault.heal(site)
    fault.settled(site)
    assert serves(site)


def serves(site: Site) -> bool:
    """Somebody new joins, writes a card, and is known: all stores and a few instances have a part in it."""
    person = joined(site)
    written = person.ask("POST", "/api/v1/cards", {"text": "Back again."})
    return [written.status, person.ask("GET", "/api/v1/me").status] == [201, 200]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]
    seconds: float


class Person:
    """A browser with its cookies, at one address."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: object = None, seconds: float = ANSWER_SECONDS) -> Answer:
        """Over a connection of its own. Raises OSError or HTTPException."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(self._parts.hostname or "", self._parts.port, timeout=seconds)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {**headers, "Content-Type": "application/json"})
            answer = connection.getresponse()
            self._keep(answer.headers.get_all("Set-Cookie") or [])
            return Answer(answer.status, answer.read(), dict(answer.headers), time.monotonic() - began)
        finally:
            connection.close()

    def _keep(self, cookies: list[str]) -> None:
        for cookie in cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value


def joined(site: Site) -> Person:
    """Somebody who has just signed up."""
    person = Person(site.url)
    handle = f"p{next(_serial)}"
    answer = person.ask("POST", "/api/v1/signup", {"handle": handle, "password": "a long enough one", "name": "P"})
    assert answer.status == 201, answer.body
    return person


def address_of(site: Site, name: str) -> tuple[str, int]:
    """Of a process itself, no wire in between."""
    parts = urlsplit(site.stack.address(name) if "//" in site.stack.address(name) else f"//{site.stack.address(name)}")
    return parts.hostname or "", parts.port or 0


def hangs(address: tuple[str, int], question: bytes = b"PING\r\n") -> bool:
    """Takes a connection, and answers nothing. Raises OSError if it takes none."""
    with socket.create_connection(address, PATIENCE_SECONDS) as connection:
        connection.sendall(question)
        try:
            return connection.recv(1) == b"impossible"
        except TimeoutError:
            return True


def refuses(address: tuple[str, int]) -> bool:
    """Nobody listens there."""
    try:
        socket.create_connection(address, PATIENCE_SECONDS).close()
    except ConnectionRefusedError:
        return True
    return False


def redis_says(address: tuple[str, int], *words: bytes) -> tuple[bytes, float]:
    """What Redis answers, one reply of less than a megabyte, and in how many seconds."""
    asked = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    began = time.monotonic()
    with socket.create_connection(address, ANSWER_SECONDS) as connection:
        connection.sendall(asked)
        answer = connection.recv(1 << 20)
        while answer.startswith(b"$") and len(answer) < int(answer[1 : answer.index(b"\r\n")]):
            answer += connection.recv(1 << 20)
    return answer, time.monotonic() - began

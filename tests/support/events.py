"""A stream of server-sent events as a browser reads it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

ACCEPTED = "text/event-stream"


class Events:
    """What comes in, event by event. `last_id` is what a browser comes back with, `retry_ms` how soon."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.last_id = ""
        self.retry_ms = 0
        self.silences = 0
        self._lines = response.aiter_lines()

    async def next(self) -> Any:
        """The data of the next event; None if the stream has ended."""
        data = None
        async for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "id":
                self.last_id = value
            elif field == "retry":
                self.retry_ms = int(value)
            elif field == "data":
                data = json.loads(value)
            elif line == ":":
                self.silences += 1
            elif not line and data is not None:
                return data
        return None

    async def silence(self) -> None:
        """Returns once the stream has said that there is nothing new."""
        async for line in self._lines:
            if line == ":":
                return
        raise EOFError("the stream has ended")


@asynccontextmanager
async def events(client: httpx.AsyncClient, path: str, last_id: str = "", **headers: str) -> AsyncIterator[Events]:
    """The stream behind a path, left with the block."""
    sent = {"Accept": ACCEPTED, **({"Last-Event-ID": last_id} if last_id else {}), **headers}
    async with client.stream("GET", path, headers=sent) as response:
        yield Events(response)

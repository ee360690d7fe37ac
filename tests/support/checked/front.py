"""What a proxy does in front of a small site: a read whose instance is gone is asked of another, a write never is."""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from checked.site import Bug, Instance


class Front:
    """Asks instances over their sockets. Answers are a status (0: none), the headers and what the body says."""

    def __init__(self, instances: Sequence[Instance], client: aiohttp.ClientSession, bug: Bug | None) -> None:
        self._instances, self._client, self._bug = instances, client, bug

    async def ask(
        self, place: int, method: str, path: str, headers: Mapping[str, str], body: Any = None
    ) -> tuple[int, Mapping[str, str], list[str], Any]:
        """Of the instance at `place`, or, if nobody is there, of one after it."""
        count = len(self._instances)
        patient = method == "GET" and self._bug is not Bug.GIVES_UP
        for turn in range(count if patient else 1):
            port = self._instances[(place + turn) % count].port
            try:
                url = f"http://127.0.0.1:{port}{path}"
                async with self._client.request(method, url, headers=headers, json=body) as answer:
                    said = await answer.json() if answer.content_type == "application/json" else None
                    return answer.status, answer.headers, answer.headers.getall("Set-Cookie", []), said
            except aiohttp.ClientConnectionError:
                continue
        return 0, {}, [], None

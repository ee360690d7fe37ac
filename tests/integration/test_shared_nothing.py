"""P9: a web process keeps nothing. Born for one request and killed after it, it answers like one that lives on."""

import re
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import httpx
import pytest
from figures import Figures
from member import PASSWORD, Member
from newborn import START_SECONDS, generation, newborn
from photo import photo

from deploy.local import Stack

Ask = Callable[..., Awaitable[httpx.Response]]

TOKEN = re.compile(r'name="_xsrf" value="([^"]+)"')
# What two journeys may differ in: ids, moments, tokens, and what is derived from a handle.
DIFFERENT = (
    (re.compile(r"\d{10}\.\d+"), "moment"),
    (re.compile(r'datetime="[^"]+"'), "datetime"),
    (re.compile(r'value="2\|[^"]+"|content="2\|[^"]+"'), "token"),
    (re.compile(r'name="idempotency_key" value="[^"]+"'), "key"),
    (re.compile(r"hue-\d+"), "hue"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "request"),
)
ID = re.compile(r"[0-9a-f]{16,64}")

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


@pytest.mark.timeout(300)
async def test_newborn_processes_answer_like_one_that_lives_on(
    stack: Stack, eventually: Callable[..., None], figures: Figures
) -> None:
    """A whole journey, each request served by a newborn process that writes no file; then by one for all of them."""
    environ = {**stack.environ_of("web-1"), "EVIDENCE": "off"}
    with ExitStack() as processes:
        births = processes.enter_context(generation(environ, eventually))

        async def of_a_newborn(member: Member, method: str, path: str, **kwargs: Any) -> httpx.Response:
            with births() as url:
                return await member.ask(method, url + path, **kwargs)

        replayed = await _journey(of_a_newborn)
    with newborn(environ) as lasting:
        eventually(lasting.is_ready, START_SECONDS)

        async def of_the_lasting(member: Member, method: str, path: str, **kwargs: Any) -> httpx.Response:
            return await member.ask(method, lasting.url + path, **kwargs)

        lived = await _journey(of_the_lasting)
    assert replayed == lived
    figures(f"{len(replayed)} requests, as many processes, the same answers")


async def _journey(ask: Ask) -> list[dict[str, Any]]:
    """From signing up to logging out, over API and pages; each answer as far as it has to be the same."""
    async with AsyncExitStack() as members:
        ann, ben = [
            await members.enter_async_context(Member("http://127.0.0.1", handle=_handle(n))) for n in ("ann", "ben")
        ]
        seen = Answers(ann.handle, ben.handle)

        async def step(member: Member, method: str, path: str, **kwargs: Any) -> httpx.Response:
            answer = await ask(member, method, path, **kwargs)
            seen.note(method, path, answer)
            return answer

        for member in (ann, ben):
            await step(
                member, "POST", "/api/v1/signup", json={"handle": member.handle, "password": PASSWORD, "name": "A B"}
            )
        sent = await step(
            ann, "POST", "/api/v1/cards", data={"text": "From anywhere."}, files={"photo": ("p.jpg", photo())}
        )
        card = sent.json()
        await step(ben, "PUT", f"/api/v1/people/{ann.handle}/follow")
        await step(ben, "PUT", f"/api/v1/cards/{card['id']}/like")
        await step(ben, "GET", "/api/v1/board")
        await step(ben, "PATCH", "/api/v1/me/preferences", json={"theme": "dark"})
        await step(ben, "GET", "/api/v1/me")
        await step(ann, "GET", f"/media/{card['photo']}")
        page = await step(ann, "GET", "/board")
        form = {"_xsrf": _token(page), "name": "Ann Other", "bio": "", "idempotency_key": secrets.token_hex(8)}
        await step(ann, "POST", "/settings/profile", data=form)
        await step(ann, "GET", "/settings")
        await step(ben, "GET", f"/api/v1/people/{ann.handle}")
        await step(ben, "POST", "/api/v1/logout")
        await step(ben, "GET", "/api/v1/me")
        return seen.answers


class Answers:
    """Answers, with what two journeys may differ in taken out."""

    def __init__(self, *handles: str) -> None:
        self.answers: list[dict[str, Any]] = []
        self._handles = handles
        self._ids: dict[str, str] = {}

    def note(self, method: str, path: str, answer: httpx.Response) -> None:
        is_text = not answer.headers.get("Content-Type", "").startswith("image/")
        self.answers.append(
            {
                "request": f"{method} {self._same(path)}",
                "status": answer.status_code,
                "location": self._same(answer.headers.get("Location", "")),
                "media_type": answer.headers.get("Content-Type"),
                "caching": answer.headers.get("Cache-Control"),
                "cookies": sorted(line.partition("=")[0] for line in answer.headers.get_list("Set-Cookie")),
                "body": self._same(answer.text) if is_text else answer.content,
            }
        )

    def _same(self, text: str) -> str:
        for n, handle in enumerate(self._handles):
            text = text.replace(handle, f"member-{n}")
        for pattern, word in DIFFERENT:
            text = pattern.sub(word, text)
        return ID.sub(lambda match: self._ids.setdefault(match[0], f"id-{len(self._ids)}"), text)


def _handle(name: str) -> str:
    return f"{name}_{secrets.token_hex(4)}"


def _token(page: httpx.Response) -> str:
    match = TOKEN.search(page.text)
    assert match, "a page with a form carries a token"
    return match[1]

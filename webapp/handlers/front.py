"""The front page and the visitors it counts. It works, if less, while Redis or MongoDB is away."""

import asyncio

from tornado.web import HTTPError

import cache
from webapp import outage
from webapp.answers import Visits
from webapp.feed import cards_seen
from webapp.handlers.api import Api
from webapp.handlers.base import Base
from webapp.handlers.page import Page
from webapp.model import Card, FrontCards

COUNTER = "visits"
NEWEST = 12
PUBLIC = "public"


async def count_visit(handler: Base) -> int:
    """Counts one visit for all instances. Raises cache.Unavailable."""
    [visits] = await handler.resources.cache.link.ask("count", ("INCR", COUNTER))
    return int(visits)


class Front(Page):
    """`GET /`: counts a visit (a proxy's retry of it counts again), shows the newest cards."""

    async def get(self) -> None:
        visitor = await self.visitor()
        if visitor is not None and visitor.stale == "outage":  # Redis was waited for once already
            visits, cards = None, list((await self._load()).cards)
        else:
            visits, cards = await asyncio.gather(self._visits(), self._newest())
        self.show("front.html", visitor.person if visitor else None, visits=visits, cards=cards)

    async def _visits(self) -> int | None:
        try:
            async with asyncio.timeout(outage.COUNT_PATIENCE_SECONDS):
                return await count_visit(self)
        except (cache.Unavailable, TimeoutError):
            return None

    async def _newest(self) -> list[Card]:
        front = self.resources.front
        try:
            async with asyncio.timeout(outage.CARDS_PATIENCE_SECONDS):
                [found] = await self.resources.cache.look(front.lookup(PUBLIC), stale=True)
            answer = await front.fill(PUBLIC, self._load, found)
        except (cache.Unavailable, TimeoutError):
            return list((await self._load()).cards)
        return list(answer.value.cards)

    async def _load(self) -> FrontCards:
        documents = self.resources.documents
        return FrontCards(tuple(await cards_seen(documents, await documents.cards.newest(NEWEST), None)))


class VisitsApi(Api):
    """`GET` and `POST /api/v1/visits`."""

    async def get(self) -> None:
        [visits] = await self.resources.cache.link.ask("read", ("GET", COUNTER))
        self.answer(Visits(int(visits or 0)))

    async def post(self) -> None:
        self.answer(Visits(await count_visit(self)))


class NoSuchPage(Page):
    """Everything that is not there."""

    async def prepare(self) -> None:
        await super().prepare()
        raise HTTPError(404, "There is no such page.")

"""Cards: writing one, looking at one, liking one, as pages and as API."""

import secrets
from hashlib import sha256

from webapp import answers
from webapp.errors import NotFound, Refusal
from webapp.feed import cards_seen
from webapp.forms import NewCard, field_names, from_form, refuse_strange_names
from webapp.handlers.api import Api
from webapp.handlers.boards import BoardReader, show_board
from webapp.handlers.page import Page
from webapp.handlers.pictures import PictureWriter, Upload
from webapp.handlers.uploading import Uploading
from webapp.handlers.visitor import Visitor
from webapp.model import Card

ID_LENGTH = 24


class CardWriter(PictureWriter):
    """What page and API share."""

    async def write_card(self, visitor: Visitor, given: NewCard, photo: bytes | None) -> Card:
        """Adds a card. With an idempotency key the card's id derives from it, so a repeat finds the first one.

        Raises InvalidInput for a photo that cannot be used, and what `written` does.
        """
        person_id, key = visitor.person.id, self.idempotency_key()
        card_id = sha256(f"{person_id} {key}".encode()).hexdigest()[:ID_LENGTH] if key else secrets.token_hex(12)
        content = sha256(given.text.encode() + b"\0")
        content.update(photo or b"")
        digest = content.hexdigest()
        quotas = self.resources.quotas
        upload = None if photo is None else Upload(self.resources, person_id, photo, "photo")

        async def work() -> Card:
            placed = await upload.store() if upload else None
            fresh = await self.resources.documents.cards.add(card_id, person_id, given.text.strip(), placed, digest)
            if not fresh:
                self.resources.metrics.replayed()
            return await self.card_for(card_id, visitor)

        counted = [quotas.card, quotas.photo] if upload else [quotas.card]
        costly = upload.process if upload else None
        card, _ = await self.written(visitor.session, work, Card, quotas=counted, costly=costly)
        return card

    async def card_for(self, card_id: str, visitor: Visitor | None) -> Card:
        """A card as the visitor sees it. Raises NotFound."""
        documents = self.resources.documents
        found = await documents.cards.one(card_id)
        viewer = visitor.person.id if visitor else None
        cards = await cards_seen(documents, [found], viewer)
        if not cards:
            raise NotFound("card")
        return cards[0]

    async def set_like(self, visitor: Visitor, card_id: str, liked: bool) -> answers.Likes:
        """Likes a card or takes it back; again changes nothing. Raises NotFound."""
        documents = self.resources.documents
        change = documents.likes.add if liked else documents.likes.remove

        async def work() -> answers.Likes:
            return answers.Likes(await change(visitor.person.id, card_id), liked)

        likes, _ = await self.written(visitor.session, work, answers.Likes)
        return likes


class NewCardPage(Uploading, Page, CardWriter, BoardReader):
    """`POST /cards`"""

    patient = True

    async def post(self) -> None:
        try:
            visitor = await self.received()
            given = from_form(self.request.body_arguments, NewCard)
            await self.write_card(visitor, given, self.uploaded("photo"))
        except Refusal as error:
            faults = error.faults_at("photo" if "photos" in error.faults else "text")
            again = await self.insist(board=True)
            self.set_refused(error)
            text = self.request.body_arguments.get("text", [b""])[-1].decode("utf-8", "replace")
            show_board(self, again, await self.slice_for(again), errors=faults, form={"text": text})
        else:
            self.leave_for("/board", "sent")


class CardPage(Page, CardWriter):
    """`GET /cards/{id}`"""

    async def get(self, card_id: str) -> None:
        visitor = await self.visitor()
        card = await self.card_for(card_id, visitor)
        self.show("card.html", visitor.person if visitor else None, card=card)


class LikePage(Page, CardWriter):
    """`POST /cards/{id}/like` and `/unlike`"""

    async def post(self, card_id: str, verb: str) -> None:
        visitor = await self.insist()
        await self.set_like(visitor, card_id, verb == "like")
        self.leave_for(self.next_path(f"/cards/{card_id}"))


class CardsApi(Uploading, Api, CardWriter):
    """`POST /api/v1/cards`: JSON, or multipart with `text` and `photo`."""

    async def post(self) -> None:
        visitor = await self.received()
        multipart = self.request.headers.get("Content-Type", "").lower().startswith("multipart/form-data")
        given, photo = self._parts() if multipart else (self.body(NewCard), None)
        card = await self.write_card(visitor, given, photo)
        self.set_header("Location", f"/api/v1/cards/{card.id}")
        self.answer(card, 201)

    def _parts(self) -> tuple[NewCard, bytes | None]:
        given = {**self.request.body_arguments, **self.request.files}
        refuse_strange_names(given, (*field_names(NewCard), "photo"))
        return from_form(self.request.body_arguments, NewCard), self.uploaded("photo")


class CardApi(Api, CardWriter):
    """`GET /api/v1/cards/{id}`"""

    async def get(self, card_id: str) -> None:
        self.answer(await self.card_for(card_id, await self.visitor()))


class LikeApi(Api, CardWriter):
    """`PUT` and `DELETE /api/v1/cards/{id}/like`"""

    async def put(self, card_id: str) -> None:
        self.answer(await self.set_like(await self.insist(), card_id, True))

    async def delete(self, card_id: str) -> None:
        self.answer(await self.set_like(await self.insist(), card_id, False))

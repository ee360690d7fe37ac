"""People: looking somebody up, following and unfollowing, as pages and as API."""

import msgspec

from webapp import answers
from webapp.errors import InvalidInput
from webapp.feed import cards_seen
from webapp.forms import CARDS_CURSOR, checked_text
from webapp.handlers.api import Api
from webapp.handlers.page import Page
from webapp.handlers.visitor import Visitor
from webapp.handlers.writing import Writer
from webapp.model import Card, Person, PersonRow

PAGE_CARDS = 12
MOST_LISTED = 60
LONGEST_SEARCH = 20


class PeopleReader(Writer):
    """What page and API share."""

    async def profile(self, handle: str, visitor: Visitor | None) -> answers.PersonSeen:
        """Somebody's profile and a page of their cards. Raises NotFound, InvalidInput for a bad cursor."""
        documents = self.resources.documents
        person = await documents.people.by_handle(handle)
        if visitor is not None and visitor.person.id == person.id:
            following = False
        else:
            following = bool(visitor and await documents.follows.among(visitor.person.id, [person.id]))
        found = await documents.cards.of(person.id, PAGE_CARDS + 1, before_of(self.get_query_argument("cursor", None)))
        viewer = visitor.person.id if visitor else None
        cards = await cards_seen(documents, found[:PAGE_CARDS], viewer)
        return answers.PersonSeen(person, cards, following, cursor_after(cards) if len(found) > PAGE_CARDS else None)

    async def set_following(self, visitor: Visitor, handle: str, following: bool) -> answers.Following:
        """Follows somebody or ends it; again changes nothing. Raises NotFound, InvalidInput for oneself."""
        documents = self.resources.documents
        person = await documents.people.by_handle(handle)
        if person.id == visitor.person.id:
            raise InvalidInput({"handle": "You cannot follow yourself."})
        change = documents.follows.add if following else documents.follows.remove

        async def work() -> answers.Following:
            await change(visitor.person.id, person.id)
            return answers.Following(following)

        answer, _ = await self.written(visitor.session, work, answers.Following)
        return answer


class PeoplePage(Page, PeopleReader):
    """`GET /people`: the most followed, or those whose handle begins with `q`."""

    async def get(self) -> None:
        visitor = await self.visitor()
        prefix = checked_text("q", self.get_query_argument("q", ""), longest=LONGEST_SEARCH).lower().removeprefix("@")
        people = await self.resources.documents.people.most_followed(prefix, MOST_LISTED)
        rows = await self._rows(people, visitor)
        self.show("people.html", visitor.person if visitor else None, people=rows, q=prefix or None)

    async def _rows(self, people: list[Person], visitor: Visitor | None) -> list[PersonRow]:
        followed = (
            await self.resources.documents.follows.among(visitor.person.id, [person.id for person in people])
            if visitor
            else set()
        )
        return [PersonRow(**msgspec.structs.asdict(person), followed=person.id in followed) for person in people]


class PersonPage(Page, PeopleReader):
    """`GET /people/{handle}`"""

    async def get(self, handle: str) -> None:
        visitor = await self.visitor()
        profile = await self.profile(handle, visitor)
        self.show(
            "person.html",
            visitor.person if visitor else None,
            person=profile.person,
            cards=profile.cards,
            next_cursor=profile.next_cursor,
            following=profile.following,
            is_me=bool(visitor and visitor.person.id == profile.person.id),
        )


class FollowPage(Page, PeopleReader):
    """`POST /people/{handle}/follow` and `/unfollow`"""

    async def post(self, handle: str, verb: str) -> None:
        visitor = await self.insist()
        await self.set_following(visitor, handle, verb == "follow")
        self.leave_for(self.next_path(f"/people/{handle}"))


class PersonApi(Api, PeopleReader):
    """`GET /api/v1/people/{handle}`"""

    async def get(self, handle: str) -> None:
        self.answer(await self.profile(handle, await self.visitor()))


class FollowApi(Api, PeopleReader):
    """`PUT` and `DELETE /api/v1/people/{handle}/follow`"""

    async def put(self, handle: str) -> None:
        self.answer(await self.set_following(await self.insist(), handle, True))

    async def delete(self, handle: str) -> None:
        self.answer(await self.set_following(await self.insist(), handle, False))


def cursor_after(cards: list[Card]) -> str | None:
    """Names the last card shown by its time."""
    return repr(cards[-1].created) if cards else None


def before_of(cursor: str | None) -> float | None:
    """The moment a cursor names. Raises InvalidInput for one that was never given out."""
    if cursor is None:
        return None
    if not CARDS_CURSOR.fullmatch(cursor):
        raise InvalidInput({"cursor": "This cursor was not given out by this list."})
    return float(cursor)

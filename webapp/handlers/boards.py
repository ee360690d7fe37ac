"""The board, as page and as API: a snapshot, cut into pages."""

from dataclasses import dataclass

import msgspec

from webapp.answers import BoardPage
from webapp.errors import InvalidInput
from webapp.forms import BOARD_CURSOR
from webapp.handlers.api import Api
from webapp.handlers.page import Page
from webapp.handlers.visitor import Visited, Visitor
from webapp.model import Board, Card

PAGE_CARDS = 20


@dataclass(frozen=True)
class Slice:
    """A page of a board as its owner sees it now."""

    cards: list[Card]
    unread: int
    next_cursor: str | None


class BoardReader(Visited):
    """What page and API share."""

    async def slice_for(self, visitor: Visitor) -> Slice:
        """The page the cursor asks for; looking at the first one clears what was new. Raises InvalidInput."""
        board = visitor.board.value if visitor.board else Board((), (), 0.0)
        cursor = self.get_query_argument("cursor", None)
        start = start_of(board, cursor)
        seen = visitor.session.seen
        fresh = [card.created > seen and not card.mine for card in board.cards]
        page = [
            msgspec.structs.replace(card, fresh=is_fresh) if is_fresh else card
            for card, is_fresh in zip(board.cards[start : start + PAGE_CARDS], fresh[start:], strict=False)
        ]
        unread = sum(fresh)
        await self.touch(visitor, seen=board.computed if unread and cursor is None else None)
        return Slice(page, unread, cursor_after(board, start + PAGE_CARDS))


class BoardPageHandler(Page, BoardReader):
    """`GET /board`"""

    async def get(self) -> None:
        visitor = await self.insist(board=True)
        piece = await self.slice_for(visitor)
        show_board(self, visitor, piece)


class BoardApi(Api, BoardReader):
    """`GET /api/v1/board`"""

    async def get(self) -> None:
        visitor = await self.insist(board=True)
        piece = await self.slice_for(visitor)
        board = visitor.board.value if visitor.board else Board((), (), 0.0)
        self.answer(
            BoardPage(
                cards=piece.cards,
                suggestions=list(board.suggestions),
                unread=piece.unread,
                computed=board.computed,
                version=visitor.version,
                stale=bool(visitor.stale),
                next_cursor=piece.next_cursor,
            )
        )


def show_board(page: Page, visitor: Visitor, piece: Slice, **context: object) -> None:
    """Renders the board; a card's form that was refused is shown on it again."""
    board = visitor.board.value if visitor.board else Board((), (), 0.0)
    page.show(
        "board.html",
        visitor.person,
        cards=piece.cards,
        unread=piece.unread,
        suggestions=board.suggestions,
        next_cursor=piece.next_cursor,
        computed=board.computed,
        stale=bool(visitor.stale),
        **context,
    )


def cursor_after(board: Board, end: int) -> str | None:
    """Names the place and the last card shown, so that the next page can go on in a newer board too."""
    return f"{end}.{board.cards[end - 1].id}" if end < len(board.cards) else None


def start_of(board: Board, cursor: str | None) -> int:
    """Where the page begins. Raises InvalidInput for a cursor that was never given out."""
    if cursor is None:
        return 0
    match = BOARD_CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInput({"cursor": "This cursor was not given out by this list."})
    place, last = int(match[1]), match[2]
    return next((n + 1 for n, card in enumerate(board.cards) if card.id == last), place)

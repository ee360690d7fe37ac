"""Filling the stores with seed content."""

import pytest
from sites import open_for_tests, variables_of

from deploy.local import RunningStore
from webapp.documents import Documents
from webapp.feed import compute_board
from webapp.planting import PASSWORD, plant

pytestmark = pytest.mark.asyncio

COLLECTIONS = ("people", "follows", "cards", "likes")


async def counted(documents: Documents) -> dict[str, int]:
    return {collection: await documents.store.count(collection, {}) for collection in COLLECTIONS}


async def test_planting_fills_the_stores_and_planting_again_adds_nothing(
    redis_server: RunningStore, mongodb_server: RunningStore, s3_server: RunningStore
) -> None:
    """Counters agree with the facts, pictures can be fetched, the demo account opens on a board with cards."""
    async with open_for_tests(variables_of(redis_server, mongodb_server, s3_server)) as resources:
        documents = resources.documents
        await documents.prepare()
        await resources.media.prepare()
        for _ in range(2):
            await plant(resources, seed=3, people=24, cards=60, photos=4)
            found = await counted(documents)
            assert (found["people"], found["cards"]) == (24, 60)
            assert found["follows"] > 50
            assert found["likes"] > 50
        people = await documents.store.find("people", {}, 24)
        for person in people:
            following = await documents.store.count("follows", {"follower": person["_id"]})
            followers = await documents.store.count("follows", {"followee": person["_id"]})
            cards = await documents.store.count("cards", {"author": person["_id"]})
            assert (person["following"], person["followers"], person["cards"]) == (following, followers, cards)
        cards_with_photos = [card for card in await documents.cards.newest(60) if card["photo"]]
        assert len(cards_with_photos) == 4
        for card in cards_with_photos:
            assert (await resources.media.get(card["photo"]))[:4] == b"RIFF"
            likes = await documents.store.count("likes", {"card": card["_id"]})
            assert card["likes"] == likes
        ada = await documents.people.account("ada")
        assert ada is not None
        assert await resources.passwords.matches(ada.password_hash, PASSWORD)
        board = await compute_board(documents, ada.id)
        assert board.cards


async def test_somebody_who_took_a_planned_handle_keeps_it(
    redis_server: RunningStore, mongodb_server: RunningStore, s3_server: RunningStore
) -> None:
    """A real account is never overwritten; it stands in for the planned one."""
    async with open_for_tests(variables_of(redis_server, mongodb_server, s3_server)) as resources:
        documents = resources.documents
        await documents.prepare()
        await resources.media.prepare()
        await documents.store.insert(
            "people",
            {
                "_id": "0123456789abcdef",
                "tag": "0123456789abcdef",
                "handle": "ada",
                "password": "kept",
                "name": "The real Ada",
                "bio": "",
                "avatar": None,
                "followers": 0,
                "following": 0,
                "cards": 0,
                "joined": 0.0,
            },
        )
        await plant(resources, seed=3, people=5, cards=10, photos=0)
        ada = await documents.people.account("ada")
        assert ada is not None
        assert (ada.id, ada.password_hash) == ("0123456789abcdef", "kept")
        assert (await counted(documents))["people"] == 5

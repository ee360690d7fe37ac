"""Orphans are taken out of S3, and nothing else ever is, whatever happens at the same time."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from browsing import Answer, Part
from photo import photo
from sites import Member, Site

from webapp.album import keep_picture, small_key
from webapp.documents.pictures import COLLECTION as HOLDS
from webapp.documents.pictures import SWEEP_SECONDS, Pictures
from webapp.documents.store import Store
from webapp.errors import BackendUnavailable, Overloaded
from webapp.media import Media, Stored
from webapp.pictures import process
from webapp.resources import Resources
from webapp.sweeping import DAY_SECONDS, sweep

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.usefixtures("bucket")]

LARGE = photo(size=(1000, 500))  # has a small one beside it
OF_STORE = ("insert", "update", "delete", "find", "find_one", "distinct", "count")
MOST_STEPS = 40

Step = Callable[[], Awaitable[None]]


class Ages:
    """Makes what is in S3 now look two days old, until it is stored again."""

    def __init__(self, media: Media, monkeypatch: pytest.MonkeyPatch) -> None:
        self._media = media
        self._old: set[str] = set()
        self._put, self._modified, self._pages = media.put, media.modified, media.pages
        for name in ("put", "modified", "pages"):
            monkeypatch.setattr(media, name, getattr(self, name))

    async def pass_by(self) -> None:
        """Two days go by."""
        self._old = set(await keys(self._media))

    async def put(self, key: str, data: bytes, media_type: str) -> None:
        await self._put(key, data, media_type)
        self._old.discard(key)

    async def modified(self, key: str) -> float:
        return self._seen(key, await self._modified(key))

    async def pages(self, size: int = 2) -> Any:
        async for page in self._pages(size):
            yield [Stored(each.key, self._seen(each.key, each.modified)) for each in page]

    def _seen(self, key: str, modified: float) -> float:
        return modified - 2 * DAY_SECONDS if key in self._old else modified


async def keys(media: Media) -> list[str]:
    """All there is in S3."""
    answer = await asyncio.to_thread(lambda: media._s3().list_objects_v2(Bucket=media._bucket))
    return [each["Key"] for each in answer.get("Contents", [])]


@pytest.fixture
def ages(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> Ages:
    return Ages(resources.media, monkeypatch)


async def send_photo(member: Member, data: bytes = LARGE) -> Answer:
    return await member.browser.post("/api/v1/cards", parts={"text": Part(b"a card"), "photo": Part(data, "a.jpg")})


async def orphan(site: Site, member: Member) -> str:
    """The key of a photo whose card is gone."""
    sent = await send_photo(member)
    assert sent.status == 201, sent.text
    card = sent.json
    await site.resources.documents.store.delete("cards", card["id"])
    return str(card["photo"])


async def clear(resources: Resources) -> None:
    """No cards and no pictures any more."""
    for card in await resources.documents.store.find("cards", {}, 100):
        await resources.documents.store.delete("cards", card["_id"])
    await resources.media.delete(*await keys(resources.media))


async def test_what_nobody_refers_to_is_deleted_after_a_day(site: Site, ages: Ages) -> None:
    """With its small one, from page to page; what a card or a person shows stays, exports stay."""
    ada = await site.join()
    avatars = [(await ada.browser.put("/api/v1/me/avatar", body=photo(hue))).json["avatar"] for hue in (10, 20)]
    gone = [await orphan(site, ada), avatars[0]]
    kept = [avatars[1], (await send_photo(ada, photo(30, size=(900, 900)))).json["photo"]]
    kept += [small_key(kept[1]), "exports/0000/1.zip", f"{gone[0]}.txt"]
    for key in kept[-2:]:
        await site.resources.media.put(key, b"not a picture", "application/zip")
    assert await sweep(site.resources) == 0
    await ages.pass_by()
    assert await sweep(site.resources) == len(gone) + 1
    assert sorted(await keys(site.resources.media)) == sorted(kept)
    assert await site.resources.documents.store.count(HOLDS, {}) == 0
    assert await sweep(site.resources) == 0


async def test_a_photo_that_many_cards_show_hides_no_other(site: Site) -> None:
    """Of what is asked for, all that is in use is told, however many cards there are."""
    ada = await site.join()
    [many] = {(await send_photo(ada)).json["photo"] for _ in range(4)}
    one = (await send_photo(ada, photo(30))).json["photo"]
    unused = f"{one.partition('/')[0]}/{'0' * 64}"
    assert await site.resources.documents.pictures.used([unused, many, one]) == {many, one}


async def test_a_sweep_that_fails_has_deleted_nothing_wrong(
    site: Site, ages: Ages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever call fails, what is in use stays; the next sweep does the rest, once no deletion can still come."""
    for step in range(1, MOST_STEPS):
        ada = await site.join()
        lost, kept = await orphan(site, ada), (await send_photo(ada, photo(30))).json["photo"]
        await ages.pass_by()

        async def fail() -> None:
            raise BackendUnavailable("s3", "on purpose")

        with hooked(site.resources, fail, step, monkeypatch) as seen, suppress(BackendUnavailable):
            await sweep(site.resources)
        with monkeypatch.context() as later:
            later.setattr(site.resources.documents.pictures, "_wall_clock", lambda: 1e12)
            await sweep(site.resources)
        left = await keys(site.resources.media)
        assert (lost in left, kept in left) == (False, True), f"call {step}"
        if not seen():
            return
        await clear(site.resources)
    pytest.fail("a sweep has more calls than this test looks at")


@contextmanager
def hooked(
    resources: Resources, hook: Step, step: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], bool]]:
    """Runs `hook` before this task's call number `step` to a store. What is yielded tells whether it did."""
    task, calls, ran = asyncio.current_task(), itertools.count(1), []

    def wrapped(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def one(*args: Any, **kwargs: Any) -> Any:
            if asyncio.current_task() is task and next(calls) == step:
                ran.append(step)
                await hook()
            return await call(*args, **kwargs)

        return one

    with monkeypatch.context() as patch:
        for name in OF_STORE:
            patch.setattr(
                resources.documents.store, name, wrapped(getattr(Store, name).__get__(resources.documents.store))
            )
        patch.setattr(resources.media, "_call", wrapped(Media._call.__get__(resources.media)))
        yield lambda: bool(ran)


async def is_whole(site: Site, sent: Answer) -> None:
    """The card that was written has its picture; or it was refused, and may be sent again."""
    if sent.status == 503:
        assert "Retry-After" in sent.headers
        return
    assert sent.status == 201, sent.text
    stored = await keys(site.resources.media)
    assert sent.json["photo"] in stored
    assert small_key(sent.json["photo"]) in stored


async def test_a_card_written_anywhere_in_a_sweep_has_its_picture(
    site: Site, ages: Ages, monkeypatch: pytest.MonkeyPatch, expects: Callable[[str], None]
) -> None:
    """Its photo is an orphan of before, which is being swept; the card comes before each single call of the sweep."""
    expects("overloaded")
    ada = await site.join()
    refused = []
    for step in range(1, MOST_STEPS):
        await orphan(site, ada)
        await ages.pass_by()
        sent: list[Answer] = []

        async def write(sent: list[Answer] = sent) -> None:
            sent.append(await send_photo(ada))

        with hooked(site.resources, write, step, monkeypatch) as ran:
            await sweep(site.resources)
        if not ran():
            assert step > 8
            assert refused
            return
        refused += [each for each in sent if each.status == 503]
        await is_whole(site, sent[0])
        await clear(site.resources)
    pytest.fail("a sweep has more calls than this test looks at")


async def test_a_picture_that_is_put_anywhere_in_a_sweep_stays(
    site: Site, ages: Ages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its card comes when the sweep is over: that it is new is enough."""
    ada = await site.join()
    person_id, resources = (await ada.me())["id"], site.resources
    for step in range(1, MOST_STEPS):
        key = await orphan(site, ada)
        await ages.pass_by()
        kept: list[str] = []

        async def put(kept: list[str] = kept) -> None:
            with suppress(Overloaded):
                kept.append(
                    await keep_picture(resources.media, resources.documents.pictures, person_id, process(LARGE))
                )

        with hooked(resources, put, step, monkeypatch) as ran:
            await sweep(resources)
        if not ran():
            assert step > 8
            return
        assert not kept or {key, small_key(key)} <= set(await keys(resources.media)), f"call {step}"
        await clear(resources)
    pytest.fail("a sweep has more calls than this test looks at")


async def test_a_picture_that_came_into_use_is_seen_at_the_second_look(
    site: Site, ages: Ages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was an orphan when its page was listed, and is as old as it was."""
    ada = await site.join()
    person_id, resources = (await ada.me())["id"], site.resources
    key = await orphan(site, ada)
    await ages.pass_by()
    begin_sweep = resources.documents.pictures.begin_sweep

    async def meanwhile(picture: str) -> bool:
        await resources.documents.cards.add("0" * 24, person_id, "a card", (key, 1, 1), "digest")
        return await begin_sweep(picture)

    monkeypatch.setattr(resources.documents.pictures, "begin_sweep", meanwhile)
    assert await sweep(resources) == 0


async def test_a_sweep_anywhere_in_a_write_takes_nothing_from_it(
    site: Site, ages: Ages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round: a whole sweep before each single call of the write. Nobody is refused."""
    ada = await site.join()
    person_id = (await ada.me())["id"]
    resources = site.resources
    for step in range(1, MOST_STEPS):
        key = await orphan(site, ada)
        await ages.pass_by()

        async def swept() -> None:
            await asyncio.create_task(sweep_quietly(resources))

        with hooked(resources, swept, step, monkeypatch) as ran:
            await write_card(resources, person_id, f"{step:024x}", LARGE)
        stored = await keys(resources.media)
        assert {key, small_key(key)} <= set(stored), f"call {step}"
        await resources.documents.store.delete("cards", f"{step:024x}")
        if not ran():
            assert step > 5
            return
    pytest.fail("a write has more calls than this test looks at")


async def sweep_quietly(resources: Resources) -> None:
    await sweep(resources)


async def write_card(resources: Resources, person_id: str, card_id: str, data: bytes) -> None:
    """What a request does, within its own task."""
    picture = process(data)
    key = await keep_picture(resources.media, resources.documents.pictures, person_id, picture)
    placed = (key, picture.width, picture.height)
    await resources.documents.cards.add(card_id, person_id, "a card", placed, "digest")


async def test_who_dies_at_a_picture_keeps_others_away_for_a_while_only(resources: Resources) -> None:
    """A dead sweep keeps writers away as long as its deletion may still come, a dead writer keeps sweeps away."""
    now = [1000.0]
    pictures = Pictures(resources.documents.store, lambda: now[0])
    assert await pictures.begin_sweep("a key")
    with pytest.raises(Overloaded):
        await pictures.begin_put("a key")
    assert not await pictures.begin_sweep("a key")
    now[0] += SWEEP_SECONDS + 1
    await pictures.begin_put("a key")
    await pictures.begin_put("a key")  # writers do not keep each other away
    assert not await pictures.begin_sweep("a key")
    now[0] += 1000
    assert await pictures.begin_sweep("a key")

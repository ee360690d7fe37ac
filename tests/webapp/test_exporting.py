"""Archives that are sent while they are made."""

import tracemalloc
from collections.abc import Awaitable, Callable

import pytest
from collection import Collection, collect, read_archive, stored
from sites import Site

from webapp.documents import Claimant
from webapp.errors import BackendUnavailable
from webapp.exporting import Exports
from webapp.multipart import PART_BYTES, clear, uploading

WORKER = Claimant("worker-1", "a-process")

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.usefixtures("bucket")]

LARGE_BYTES = 5 << 20
MOST_PARTS_HELD = 4


@pytest.fixture
def export(site: Site) -> Callable[..., Awaitable[tuple[Collection, Collection]]]:
    """`await export(cards=3)` is what somebody has put in, and what the archive of it holds."""

    async def make(**size: int) -> tuple[Collection, Collection]:
        ada, resources = await site.join(), site.resources
        person_id = (await ada.me())["id"]
        put_in = await collect(resources.documents, resources.media, person_id, **size)
        report_id = (await ada.browser.post("/api/v1/reports")).json["id"]
        await Exports(resources, WORKER).export(person_id, report_id)
        report = await resources.documents.reports.one(report_id, person_id)
        assert report.key is not None
        return put_in, read_archive(await resources.media.get(report.key))

    return make


@pytest.mark.parametrize("cards", [0, 1, 1234])
async def test_every_card_is_in_the_archive_once(cards: int, export: Callable[..., Awaitable]) -> None:
    """None, one, and more than fit into a query, several of them of the same moment."""
    put_in, archive = await export(cards=cards)
    assert sorted(archive.texts) == sorted(put_in.texts)


async def test_the_same_picture_twice_is_one_file(site: Site, export: Callable[..., Awaitable]) -> None:
    """Empty pictures are all the same."""
    put_in, archive = await export(cards=3, pictures=3, picture_bytes=0)
    assert len(archive.pictures) == 1
    assert archive.pictures == put_in.pictures


async def test_an_archive_of_many_parts_is_whole(site: Site, export: Callable[..., Awaitable]) -> None:
    """Every byte of every picture, and nothing of the parts is left."""
    put_in, archive = await export(cards=5, pictures=5, picture_bytes=LARGE_BYTES)
    assert archive.pictures == put_in.pictures
    assert (await stored(site.resources.media, "exports/"))[1] == 0


async def test_memory_does_not_grow_with_the_archive(site: Site, export: Callable[..., Awaitable]) -> None:
    """60 MB of pictures, and never more than a few parts in memory."""
    ada, resources = await site.join(), site.resources
    person_id = (await ada.me())["id"]
    await collect(resources.documents, resources.media, person_id, cards=12, pictures=12, picture_bytes=LARGE_BYTES)
    report_id = (await ada.browser.post("/api/v1/reports")).json["id"]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await Exports(resources, WORKER).export(person_id, report_id)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert PART_BYTES < peak - before < MOST_PARTS_HELD * PART_BYTES


async def test_an_upload_that_fails_leaves_nothing(site: Site) -> None:
    """Neither an object nor parts."""
    media = site.resources.media

    async def fail() -> None:
        async with uploading(media, "exports/a", "application/zip") as upload:
            await upload.write(bytes(PART_BYTES + 1))
            assert (await stored(site.resources.media, "exports/"))[1] == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await stored(site.resources.media, "exports/") == ([], 0)


async def test_what_somebody_left_is_cleared_away(site: Site) -> None:
    """Objects and parts, but for the one to keep and what is called otherwise; whose upload it was cannot go on."""
    media = site.resources.media

    async def left_alone() -> None:
        async with uploading(media, "exports/a/dead", "application/zip") as upload:
            await upload.write(bytes(PART_BYTES + 1))
            await clear(media, "exports/a/", keep="exports/a/kept")
            assert await stored(site.resources.media, "exports/") == (["exports/a/kept", "exports/b"], 0)

    for key in ("exports/a/kept", "exports/a/old", "exports/b"):
        await media.put(key, b"x", "application/zip")
    with pytest.raises(BackendUnavailable):
        await left_alone()
    assert await stored(site.resources.media, "exports/") == (["exports/a/kept", "exports/b"], 0)

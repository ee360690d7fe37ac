"""Records: hashes whose truth is Redis."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from cache import Cache, Records

pytestmark = pytest.mark.asyncio

Opens = Callable[[], AbstractAsyncContextManager[Cache]]
FAR = 4e9


async def create(records: Records, record_id: str = "s1", *, lives: float = 1000.0) -> int:
    return await records.create("ada", record_id, {"device": "x"}, lives_seconds=lives, now=0.0, ends=FAR)


async def fields(cache: Cache, records: Records, record_id: str = "s1") -> dict[str, str] | None:
    cache.forget("ada")
    [answer] = await cache.look(records.lookup("ada", record_id))
    return dict(answer.value) if answer else None


async def test_a_late_write_does_not_bring_back_a_deleted_record(hot: Opens) -> None:
    """A touch that was on its way while somebody logged out (spring-session 2021)."""
    async with hot() as cache:
        records = cache.records("session")
        await create(records)
        assert await records.delete("ada", ["s1"]) == 1
        assert await records.change("ada", "s1", {"last_seen": "1"}) == -1
        assert await fields(cache, records) is None


async def test_parallel_writes_of_different_fields_are_all_kept(hot: Opens) -> None:
    """Two hundred at once, from two processes, none lost."""
    async with hot() as one, hot() as two:
        first, second = one.records("session"), two.records("session")
        await create(first)
        await asyncio.gather(
            *((first if n % 2 else second).change("ada", "s1", {f"field{n}": str(n)}) for n in range(200))
        )
        kept = await fields(one, first)
        assert kept is not None
        assert {f"field{n}": str(n) for n in range(200)}.items() <= kept.items()
        assert kept["version"] == "201"


async def test_fields_of_another_release_are_kept(hot: Opens) -> None:
    """What one does not know one does not touch."""
    async with hot() as cache:
        records = cache.records("session")
        await records.create("ada", "s1", {"from_the_future": "kept"}, lives_seconds=9, now=0.0, ends=FAR)
        await records.change("ada", "s1", {"device": "y"})
        kept = await fields(cache, records)
        assert kept is not None
        assert kept["from_the_future"] == "kept"


async def test_a_write_that_counts_raises_the_owners_version_and_one_that_does_not_leaves_it(hot: Opens) -> None:
    """A touch must not make the owner's board be computed again."""
    async with hot() as cache:
        records = cache.records("session")
        created = await create(records)
        assert await records.change("ada", "s1", {"pref:theme": "dark"}) == created + 1
        assert await records.change("ada", "s1", {"last_seen": "5"}, counts=False) == 0
        [counted] = await cache.link.ask("read", ("GET", "v:{ada}"))
        assert int(counted) == created + 1


async def test_an_id_is_created_once(hot: Opens) -> None:
    """Creating it again changes nothing and says so."""
    async with hot() as cache:
        records = cache.records("session")
        await create(records)
        assert await create(records) == -1


async def test_a_record_expires_and_leaves_the_list(hot: Opens) -> None:
    """Expired records are not listed, deleted ones neither."""
    async with hot() as cache:
        records = cache.records("session")
        await create(records, "over", lives=0.001)
        await create(records, "gone")
        await create(records, "here")
        await records.delete("ada", ["gone"])
        await asyncio.sleep(0.002)
        assert [record_id for record_id, _ in await records.list("ada")] == ["here"]


async def test_a_hot_copy_of_a_record_is_not_asked_for_again_while_trusted(hot: Opens) -> None:
    """Records are kept like values."""
    async with hot() as cache:
        records = cache.records("session")
        await create(records)
        tiers = []
        for _ in range(2):
            [answer] = await cache.look(records.lookup("ada", "s1"))
            assert answer is not None
            tiers.append(answer.tier)
        assert tiers == ["redis", "hot"]

"""Records: hashes whose truth is Redis."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from redis import Redis

from cache import Cache, Records
from cache.shared import VERSION_SECONDS
from deploy.local import RunningStore

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


async def test_a_record_is_listed_as_long_as_it_lives_whatever_is_created_after_it(stateless: Opens) -> None:
    """One that ends sooner must not take the list of the others along: they could not be revoked any more."""
    async with stateless() as cache:
        records = cache.records("session")
        await records.create("ada", "long", {"device": "x"}, lives_seconds=100, now=0.0, ends=100.0)
        await records.create("ada", "short", {"device": "x"}, lives_seconds=0.001, now=0.0, ends=0.001)
        await asyncio.sleep(0.005)
        assert [record_id for record_id, _ in await records.list("ada")] == ["long"]


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


async def test_a_record_without_fields_is_a_record(hot: Opens) -> None:
    """It names itself and counts its changes; a change of nothing prolongs its life."""
    async with hot() as cache:
        records = cache.records("session")
        await records.create("ada", "s1", {}, lives_seconds=1000, now=0.0, ends=FAR)
        assert await fields(cache, records) == {"id": "s1", "version": "1"}
        assert await records.change("ada", "s1", {}, lives_seconds=5000, counts=False) == 0
        assert await fields(cache, records) == {"id": "s1", "version": "2"}
        [left_ms] = await cache.link.ask("read", ("PTTL", records.key("ada", "s1")))
        assert 4_000_000 < left_ms <= 5_000_000


async def test_a_record_with_no_time_left_is_over_at_once(hot: Opens) -> None:
    """No time, or less: as where a session reached its end between its reading and its touch."""
    async with hot() as cache:
        records = cache.records("session")
        for lives in (0, -5):
            await create(records)
            await records.change("ada", "s1", {"last_seen": "1"}, lives_seconds=lives)
            await asyncio.sleep(0.002)
            assert await fields(cache, records) is None


async def test_deleting_what_is_not_there_changes_nothing(hot: Opens) -> None:
    """Not even the owner's version."""
    async with hot() as cache:
        records = cache.records("session")
        version = await create(records)
        assert await records.delete("ada", ["nobody"]) == 0
        assert await records.delete("ada", []) == 0
        assert await cache.link.ask("read", ("GET", "v:{ada}")) == [str(version).encode()]
        assert await records.delete("ada", ["s1", "nobody"]) == 1
        assert await records.list("ada") == []


async def test_a_record_cannot_be_changed_by_who_reads_it(hot: Opens) -> None:
    """All who are answered share one copy."""
    async with hot() as cache:
        records = cache.records("session")
        await create(records)
        [answer] = await cache.look(records.lookup("ada", "s1"))
        assert answer is not None
        with pytest.raises(TypeError):
            answer.value["device"] = "other"  # type: ignore[index]


async def test_records_of_one_owner_are_listed_the_first_to_end_first(hot: Opens) -> None:
    """Ids and fields, those of other owners left out; from Redis, never from a copy."""
    async with hot() as cache:
        records = cache.records("session")
        for record_id, ends in (("later", 3e9), ("sooner", 2e9), ("last", 4e9)):
            await records.create("ada", record_id, {"device": record_id}, lives_seconds=1000, now=0.0, ends=ends)
        await records.create("bob", "other", {}, lives_seconds=1000, now=0.0, ends=FAR)
        listed = await records.list("ada")
        assert [record_id for record_id, _ in listed] == ["sooner", "later", "last"]
        assert [found["device"] for _, found in listed] == ["sooner", "later", "last"]
        assert len(cache.hot) == 0


async def test_an_owner_who_writes_nothing_any_more_is_forgotten(hot: Opens, redis_server: RunningStore) -> None:
    """Whatever raised it, a version ends by itself, long after all that was labelled with it."""
    with Redis.from_url(redis_server.url) as redis:
        async with hot() as cache:
            records, region = cache.records("session"), cache.region("board", int, ttl_seconds=30)

            async def load() -> int:
                return 1

            async def delete() -> None:
                await records.delete("ada", ["s1"])

            for raises in (
                lambda: create(records),
                lambda: records.change("ada", "s1", {"device": "y"}),
                lambda: region.get("ada", load),
                lambda: cache.invalidate("ada", region),
                delete,
            ):
                before = int(redis.get("v:{ada}") or 0)
                redis.persist("v:{ada}")
                await raises()
                assert int(redis.get("v:{ada}") or 0) == before + 1
                assert VERSION_SECONDS - 60 < redis.ttl("v:{ada}") <= VERSION_SECONDS


async def test_a_renamed_record_is_the_same_under_another_id(hot: Opens) -> None:
    """All its fields go with it; under the former id there is nothing at once, not even where a copy was held."""
    async with hot() as one, hot() as two:
        first, second = one.records("session"), two.records("session")
        await first.create("ada", "s1", {"device": "x", "age": "1"}, lives_seconds=5, now=0.0, ends=10.0)
        assert await fields(one, first) is not None
        renamed = await second.rename("ada", "s1", "s2", {"age": "0"}, lives_seconds=1000, now=5.0, ends=FAR)
        assert renamed > 0
        assert await fields(two, second) is None
        kept = await fields(two, second, "s2")
        assert kept == {"device": "x", "age": "0", "id": "s2", "version": "2"}
        assert [record_id for record_id, _ in await one.records("session").list("ada")] == ["s2"]
        left = await one.link.ask("read", ("PTTL", second.key("ada", "s2")), ("ZSCORE", "sessions:{ada}", "s2"))
        assert 900_000 < int(left[0]) <= 1_000_000
        assert float(left[1]) == FAR


async def test_what_is_gone_is_not_renamed(hot: Opens) -> None:
    """A session that was ended does not go on under another id."""
    async with hot() as cache:
        records = cache.records("session")
        await create(records)
        await records.delete("ada", ["s1"])
        assert await records.rename("ada", "s1", "s2", {}, lives_seconds=9, now=0.0, ends=FAR) == -1
        assert await records.list("ada") == []

"""Writes that have an effect once however often they are sent, and writes that are counted against a quota."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from cache_doubles import Board, Recorder

from cache import Cache, Misuse, Once, OverQuota, Quota, Refused, Repeated, Reused, Write
from cache.writing import MOST_ANSWER_BYTES, MOST_QUOTAS

pytestmark = pytest.mark.asyncio

Opens = Callable[[], AbstractAsyncContextManager[Cache]]

POST = Once("key 1", "post a", seconds=60)
CARDS = Quota("cards", most=3, per_seconds=30)


async def write(
    cache: Cache, once: Once | None = None, *quotas: Quota, answer: bytes = b"done", tag: str = "ada"
) -> None:
    """One write that is answered with `answer`."""
    async with cache.write(tag, once=once, quotas=quotas) as writing:
        if once:
            writing.remember(answer)


class Failed(Exception):
    """What a block raises."""


def fail(writing: Write, answer: bytes = b"") -> None:
    """Fails a write, late."""
    if answer:
        writing.remember(answer)
    raise Failed


async def fill_up(cache: Cache) -> None:
    """Uses the quota up."""
    for _ in range(CARDS.most):
        await write(cache, None, CARDS)


async def time_passes(cache: Cache, seconds: float) -> None:
    """For what is counted of ada's cards."""
    await cache.link.ask("write", ("INCRBYFLOAT", "quota:{ada}:cards", -seconds * 1000))


# --- once ----------------------------------------------------------------------------------------------------------


async def test_a_write_sent_again_is_told_the_first_answer(stateless: Opens, recorder: Recorder) -> None:
    """In one round trip, through any process, and its block does not run; with the version its reads need."""
    async with stateless() as one, stateless() as two:
        async with one.write("ada", once=POST) as writing:
            writing.remember(b"card 7")
        recorder.clear()
        with pytest.raises(Repeated) as repeated:
            async with two.write("ada", once=POST):
                pytest.fail("the block ran")
        assert (repeated.value.answer, repeated.value.version) == (b"card 7", writing.version)
        assert [operation for operation, _ in recorder.calls] == ["begin"]


async def test_a_key_used_for_something_else_is_refused(stateless: Opens) -> None:
    """Before the first is answered and after."""
    async with stateless() as cache:
        other = Once(POST.key, "post b", seconds=60)
        async with cache.write("ada", once=POST) as writing:
            with pytest.raises(Reused):
                await write(cache, other)
            writing.remember(b"card 7")
        with pytest.raises(Reused):
            await write(cache, other)


async def test_keys_are_their_owners(stateless: Opens) -> None:
    """The same key of two people is two writes."""
    async with stateless() as cache:
        await write(cache, POST)
        await write(cache, POST, tag="bob")


async def test_of_two_at_the_same_moment_the_first_to_end_is_remembered(stateless: Opens) -> None:
    """Both run: their effect is unique where it lives, so their answers are the same but for the second to answer."""
    async with stateless() as one, stateless() as two:
        async with one.write("ada", once=POST) as first:
            async with two.write("ada", once=POST) as second:
                second.remember(b"second")
            first.remember(b"first")
        with pytest.raises(Repeated) as repeated:
            await write(one, POST)
        assert repeated.value.answer == b"second"


@pytest.mark.parametrize("remembers", [True, False])
async def test_a_write_that_failed_is_done_again(stateless: Opens, remembers: bool) -> None:
    """Whatever it meant to answer; and it still cannot be something else."""
    async with stateless() as cache:
        with pytest.raises(Failed):
            async with cache.write("ada", once=POST) as writing:
                fail(writing, b"too early" if remembers else b"")
        with pytest.raises(Reused):
            await write(cache, Once(POST.key, "post b", seconds=60))
        await write(cache, POST)


async def test_an_answer_is_forgotten_after_its_time(stateless: Opens) -> None:
    """And a write that takes longer than that leaves nothing without an end."""
    async with stateless() as cache:
        async with cache.write("ada", once=POST) as writing:
            [left] = await cache.link.ask("read", ("PTTL", "once:{ada}:key 1"))
            assert 55_000 < left <= 60_000
            await cache.link.ask("write", ("DEL", "once:{ada}:key 1"))  # as if its time had passed
            writing.remember(b"late")
        [exists] = await cache.link.ask("read", ("EXISTS", "once:{ada}:key 1"))
        assert not exists


async def test_an_ended_session_is_not_told_what_was_answered(stateless: Opens) -> None:
    """P4: it may be somebody else's by now."""
    async with stateless() as cache:
        await write(cache, POST)
        with pytest.raises(Refused):
            async with cache.write("ada", alive=cache.records("session").key("ada", "s"), once=POST):
                pytest.fail("the block ran")


async def test_what_is_cached_is_dropped_by_the_first_and_kept_by_a_repeat(stateless: Opens) -> None:
    """A repeat changes nothing."""

    async def load() -> Board:
        return Board("b")

    async with stateless() as cache:
        region = cache.region("board", Board, ttl_seconds=30)
        await write(cache, POST)
        await region.get("ada", load)
        with pytest.raises(Repeated):
            await write(cache, POST)
        assert (await region.get("ada", load)).tier == "redis"


# --- quotas --------------------------------------------------------------------------------------------------------


async def test_a_quota_can_be_used_at_once_and_comes_back_evenly(stateless: Opens) -> None:
    """Three in 30 s: three at once, then one every ten seconds; who is told to wait is told for how long."""
    async with stateless() as cache:
        await fill_up(cache)
        with pytest.raises(OverQuota) as over:
            await write(cache, None, CARDS)
        assert over.value.name == "cards"
        assert 9 < over.value.retry_seconds <= 10
        await time_passes(cache, over.value.retry_seconds)
        await write(cache, None, CARDS)
        with pytest.raises(OverQuota):
            await write(cache, None, CARDS)
        await time_passes(cache, 30)
        await fill_up(cache)


async def test_who_is_over_a_quota_has_changed_nothing(stateless: Opens) -> None:
    """Neither a version nor another quota, and may go on asking without waiting longer for it."""
    photos = Quota("photos", most=1, per_seconds=30)
    async with stateless() as cache:
        await fill_up(cache)
        async with cache.write("ada") as before:
            pass
        for _ in range(5):
            with pytest.raises(OverQuota) as over:
                await write(cache, POST, photos, CARDS)
        assert over.value.retry_seconds <= 10
        async with cache.write("ada", quotas=[photos]) as after:
            pass
        assert after.version == before.version + 2
        await write(cache, POST)


async def test_quotas_are_their_owners(stateless: Opens) -> None:
    """And one's own are not each other's."""
    async with stateless() as cache:
        await fill_up(cache)
        await write(cache, None, CARDS, tag="bob")
        await write(cache, None, Quota("photos", most=1, per_seconds=30))


async def test_a_repeat_uses_up_nothing(stateless: Opens) -> None:
    """Not after it was answered, nor before."""
    async with stateless() as cache:
        one = Quota("cards", most=1, per_seconds=30)
        with pytest.raises(Failed):
            async with cache.write("ada", once=POST, quotas=[one]) as writing:
                fail(writing)
        await write(cache, POST, one)
        with pytest.raises(Repeated):
            await write(cache, POST, one)


async def test_a_quota_holds_for_many_at_the_same_moment(stateless: Opens) -> None:
    """Through two processes."""
    async with stateless() as one, stateless() as two:
        tried = [write(cache, None, CARDS) for cache in (one, two) for _ in range(10)]
        outcomes = await asyncio.gather(*tried, return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] * 3 + ["OverQuota"] * 17


async def test_garbage_in_place_of_a_count_counts_as_nothing(stateless: Opens) -> None:
    async with stateless() as cache:
        await cache.link.ask("write", ("SET", "quota:{ada}:cards", "garbage"))
        await fill_up(cache)
        with pytest.raises(OverQuota):
            await write(cache, None, CARDS)


async def test_everything_counted_ends_by_itself(stateless: Opens) -> None:
    """No key is left for ever."""
    async with stateless() as cache:
        await write(cache, POST, CARDS)
        for key in ("quota:{ada}:cards", "once:{ada}:key 1"):
            [left] = await cache.link.ask("read", ("PTTL", key))
            assert left > 0, key


# --- misuse --------------------------------------------------------------------------------------------------------


# --- asking first --------------------------------------------------------------------------------------------------


async def test_who_asks_first_is_told_what_the_write_would_be_told(stateless: Opens, recorder: Recorder) -> None:
    """In one round trip, before anything costly is done for a write that is then refused."""
    async with stateless() as cache:
        await write(cache, POST)
        await fill_up(cache)
        await cache.may_write("bob", once=POST, quotas=[CARDS])  # Redis knows the script from here on
        recorder.clear()
        with pytest.raises(Repeated) as repeated:
            await cache.may_write("ada", once=POST)
        assert repeated.value.answer == b"done"
        with pytest.raises(Reused):
            await cache.may_write("ada", once=Once(POST.key, "post b", seconds=60))
        with pytest.raises(OverQuota) as over:
            await cache.may_write("ada", quotas=[CARDS])
        assert (over.value.name, 9 < over.value.retry_seconds <= 10) == ("cards", True)
        with pytest.raises(Refused):
            await cache.may_write("ada", alive=cache.records("session").key("ada", "s"), once=POST)
        assert [operation for operation, _ in recorder.calls] == ["begin"] * 4


async def test_asking_first_changes_nothing(stateless: Opens) -> None:
    """No quota is used, no key is taken, no version raised, nothing barred."""
    async with stateless() as cache:
        for _ in range(CARDS.most + 1):
            await cache.may_write("ada", once=POST, quotas=[CARDS])
        [keys] = await cache.link.ask("read", ("KEYS", "*"))
        assert keys == []
        await cache.may_write("ada", once=Once(POST.key, "post b", seconds=60))


@pytest.mark.parametrize(
    ("once", "quotas", "named"),
    [
        (Once("", "a", 60), (), "the key of a write"),
        (Once("k{", "a", 60), (), "the key of a write"),
        (Once("k", "", 60), (), "what a write asks"),
        (Once("k", "a", 0), (), "for some time"),
        (None, (Quota("", 1, 1),), "a quota"),
        (None, (Quota("q", 0, 1),), "a quota needs"),
        (None, (Quota("q", 1, 0),), "a quota needs"),
        (None, (Quota("q", 1, float("nan")),), "a quota needs"),
        (None, (CARDS,) * (MOST_QUOTAS + 1), "quotas"),
    ],
)
async def test_what_can_never_work_is_refused(
    stateless: Opens, recorder: Recorder, once: Once | None, quotas: tuple[Quota, ...], named: str
) -> None:
    """By a sentence that names it, before anything is sent."""
    async with stateless() as cache:
        with pytest.raises(Misuse, match=named):
            await write(cache, once, *quotas)
        assert recorder.calls == []


@pytest.mark.parametrize("answer", [b"", b"a" * (MOST_ANSWER_BYTES + 1)])
async def test_an_answer_that_cannot_be_remembered_is_refused(stateless: Opens, answer: bytes) -> None:
    async with stateless() as cache:
        with pytest.raises(Misuse, match="an answer must have"):
            await write(cache, POST, answer=answer)

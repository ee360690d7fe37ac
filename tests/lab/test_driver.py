"""An open loop: the plan goes on however the site is doing, what is not sent is counted, and nothing it does raises."""

import asyncio
from collections import Counter

import pytest
from lab_small_workload import small_workload
from lab_stub_site import Asked, stub_site

from lab.errors import LabError, NoSuchSite, NotPostcards, SiteGone
from lab.load.driver import Load
from lab.load.measured import SET_UP, Measured, Run
from lab.load.recording import Recording
from lab.workload import Workload

ALONE = {"anonymous_share": 0, "users": 6}
NEVER = {"second_device_share": 0, "logout_share": 0, "revoke_share": 0}


def _one(run: Run, phase: str = "measured") -> Measured:
    [found] = run.of(phase)
    return found


def _adds_up(measured: Measured) -> bool:
    return measured.planned == measured.taken + measured.dropped + measured.skipped > 0


def _reading(**visits: float) -> Workload:
    return small_workload(people=ALONE, devices=NEVER, mix={"me": 1, "board": 1}, visits=visits)


@pytest.mark.asyncio
async def test_a_load_is_made_measured_and_kept() -> None:
    """Every request is in the history and in the counts of the phase it belongs to."""
    async with stub_site() as site:
        async with Load(small_workload(), site.url, rate=300) as load:
            await load.run(0.5, phase="warm-up", rung="hot")
            await load.run(1.0, rung="hot", rate=150)
        run, history = load.so_far(), load.recording.history
    assert [(each.phase, each.rung) for each in run.marks] == [
        (SET_UP, ""),
        ("idle", ""),
        ("warm-up", "hot"),
        ("measured", "hot"),
    ]
    measured = run.of("measured", "hot")[0]
    assert _adds_up(measured)
    assert 75 < measured.requests_per_second < 250
    assert (measured.failed, measured.dropped) == (0, 0)
    assert sum(each.requests for each in run.marks) == len(history.requests) == run.kept
    assert measured.response.count == measured.service.count == measured.requests
    assert measured.tiers["session:hot"] > 0
    assert measured.tiers["board:redis"] == measured.stale["refreshing"] > 0
    assert set(measured.instances) == {"web-1"}
    assert measured.received_bytes > measured.sent_bytes > 0
    assert {"GET board", "GET me", "POST cards", "POST login"} <= set(measured.routes)
    assert {each.user for each in history.requests} >= {"", history.requests[0].user}
    assert 0 < measured.cpu_seconds < 5
    [warm_up] = run.of("warm-up", "hot")
    assert 0.5 <= warm_up.seconds < 0.9
    assert warm_up.ended <= measured.began
    assert run.cut_short == ""


@pytest.mark.asyncio
async def test_everybody_has_signed_up_followed_and_written_before_anything_is_measured() -> None:
    """As the workload says."""
    async with stub_site() as site, Load(small_workload(people={"first_cards": 2}), site.url):
        assert len(site.people) == 6
        assert all(len(person.cards) == 2 and person.following for person in site.people.values())


@pytest.mark.asyncio
async def test_whoever_is_told_to_wait_signs_up_later() -> None:
    """A site may let in only so many a minute."""
    async with stub_site() as site:
        site.retry_after = "0"
        refusals = [429, 503, 0, 0]

        def forced(asked: Asked) -> int:
            if not asked.path.endswith("/signup") or not refusals:
                return 0
            return refusals.pop(0)

        site.status_for = forced
        async with Load(small_workload(), site.url):
            assert len(site.people) == 6


@pytest.mark.asyncio
async def test_an_account_whose_making_was_not_answered_is_logged_in_to() -> None:
    """It is there already, and its handle taken."""
    async with stub_site() as site:
        site.retry_after = "0"
        hidden = [503, 503]
        site.status_after = lambda asked: hidden.pop() if asked.path.endswith("/signup") and hidden else 0
        async with Load(small_workload(), site.url) as load:
            assert len(site.people) == 6
        routes = Counter(each.route for each in load.recording.history.requests)
        assert (routes["signup"], routes["login"]) == (8, 2)


@pytest.mark.asyncio
async def test_the_wait_behind_a_slow_answer_counts() -> None:
    """A latency begins when its request was meant to be sent, not when the one before was answered at last."""
    async with stub_site() as site:
        async with Load(_reading(requests=20, think_seconds=0.01), site.url, rate=200) as load:
            site.delay_seconds = 0.1
            await load.run(1.5)
        measured = _one(load.so_far())
    assert measured.service.p50 is not None
    assert measured.response.p50 is not None
    assert 0.1 <= measured.service.p50 < 0.3
    assert measured.response.p50 > 3 * measured.service.p50


@pytest.mark.asyncio
async def test_what_exceeds_the_bound_in_flight_is_dropped_and_counted() -> None:
    """A slow site gets no more at once than that."""
    async with stub_site() as site:
        async with Load(_reading(requests=2), site.url, rate=300, most_in_flight=3) as load:
            site.delay_seconds = 0.1
            await load.run(1.0)
        measured = _one(load.so_far())
    assert _adds_up(measured)
    assert measured.dropped > 100
    assert measured.most_in_flight == 3


@pytest.mark.asyncio
async def test_visits_beyond_their_bound_are_dropped_with_all_their_steps() -> None:
    """So that the load itself stays within bounds, however long it runs."""
    async with stub_site() as site:
        async with Load(_reading(requests=5, think_seconds=0.5), site.url, rate=300, most_visits=4) as load:
            await load.run(0.5)
        measured = _one(load.so_far())
    assert measured.dropped > measured.taken > 0


@pytest.mark.asyncio
async def test_the_same_seed_sends_the_same() -> None:
    """The same people ask for the same, each time the plan is begun; by another seed they do not."""
    workload = small_workload(
        people={"users": 60, "anonymous_share": 0, "activity_exponent": 0, "follows": 0, "first_cards": 0},
        devices=NEVER,
        visits={"requests": 1},
        mix={"me": 1, "board": 1},
    )

    async def asked(seed: int, *rungs: str) -> list[Asks]:
        async with stub_site() as site, Load(workload, site.url, seed=seed, rate=80, name="t") as load:
            for rung in rungs:
                await load.run(0.7, rung=rung)
            run, found = load.so_far(), []
            for rung in rungs:
                [measured] = run.of("measured", rung)
                those = [each for each in load.recording.history.requests if each.started >= measured.began]
                found.append([(each.user, each.route) for each in those[: measured.requests]])
            return found

    first, again = await asked(1, "a", "b")
    [anew], [other] = await asked(1, "a"), await asked(2, "a")
    assert _alike(first, again) > 0.9
    assert _alike(first, anew) > 0.9
    assert _alike(first, other) < 0.7


Asks = list[tuple[str, str]]


def _alike(one: Asks, other: Asks) -> float:
    """The share of the shorter one that is in the other as well; when it ends is no part of a plan."""
    count = min(len(one), len(other))
    assert count > 20
    return (Counter(one[:count]) & Counter(other[:count])).total() / count


@pytest.mark.asyncio
async def test_a_site_that_dies_ends_the_load_and_what_was_measured_is_kept() -> None:
    """With a sentence that says why; nobody waits for the end of the time."""
    async with stub_site() as site, Load(_reading(), site.url, rate=100, give_up_seconds=0.3) as load:
        load.start()
        await asyncio.sleep(0.5)
        await site.die()
        async with asyncio.timeout(5):
            await load.ended.wait()
        await load.stop()
        run = load.so_far()
    measured = _one(run)
    assert run.cut_short.startswith(f"{site.url} has not answered for 0 s (the connection was ")
    assert measured.failed > 0
    assert measured.requests - measured.failed > 5


@pytest.mark.asyncio
async def test_a_site_that_comes_back_in_time_is_gone_on_with() -> None:
    """What failed meanwhile is counted."""
    async with stub_site() as site, Load(_reading(), site.url, rate=100, give_up_seconds=None) as load:
        port = int(site.url.rpartition(":")[2])
        load.start(phase="whole")
        await site.die()
        await asyncio.sleep(0.3)
        load.mark("back")
        await site.listen(port)
        await asyncio.sleep(0.5)
        await load.stop()
        run = load.so_far()
    assert run.cut_short == ""
    assert _one(run, "whole").failed > 0
    back = _one(run, "back")
    assert back.requests - back.failed > 5


@pytest.mark.asyncio
async def test_an_address_where_nobody_is_is_told_at_once() -> None:
    """Whether it is no address, or nobody is there, or only a proxy."""
    for url, why in (
        ("shop.example", "this is no address of a site"),
        ("http://127.0.0.1:1", "the connection was refused"),
    ):
        with pytest.raises(NoSuchSite, match=f"Nothing answers at {url}: {why}"):
            async with Load(small_workload(), url):
                pass
    async with stub_site() as site:
        site.status_for = lambda asked: 503
        with pytest.raises(NoSuchSite, match="status 503, so nobody is there behind the proxy"):
            async with Load(small_workload(), site.url):
                pass


@pytest.mark.asyncio
async def test_another_application_is_told_by_what_it_answers() -> None:
    """Nothing is sent to it that could change anything."""
    async with stub_site(openapi_title="Petstore") as site:
        site.seen = []
        with pytest.raises(NotPostcards, match="it calls itself 'Petstore'"):
            async with Load(small_workload(), site.url):
                pass
        assert {asked.method for asked in site.seen} == {"GET"}
    for path in ("openapi.json", "visits"):
        async with stub_site() as site:
            site.status_for = lambda asked, path=path: 404 if asked.path.endswith(path) else 0  # type: ignore[misc]
            with pytest.raises(NotPostcards, match=f"/api/v1/{path} was answered with status 404"):
                async with Load(small_workload(), site.url):
                    pass


@pytest.mark.asyncio
async def test_accounts_that_cannot_be_made_are_told() -> None:
    """Before anything is measured."""
    async with stub_site() as site:
        site.status_for = lambda asked: 422 if asked.path.endswith("signup") else 0
        with pytest.raises(SiteGone, match="could not be used while accounts were made: signing up was answered with"):
            async with Load(small_workload(), site.url):
                pass


@pytest.mark.asyncio
async def test_stopping_does_not_wait_for_those_who_think() -> None:
    """It waits for what was asked only."""
    async with stub_site() as site:
        async with Load(_reading(requests=5, think_seconds=60), site.url, rate=50) as load:
            load.start()
            await asyncio.sleep(0.5)
            async with asyncio.timeout(5):
                await load.stop()
            asked = site.requests
            await asyncio.sleep(0.1)
            assert site.requests == asked
        measured = _one(load.so_far())
    assert measured.requests > 0
    assert measured.failed == 0


@pytest.mark.asyncio
async def test_a_cancelled_load_keeps_what_was_measured() -> None:
    """Ctrl-C in the middle of a run."""
    async with stub_site() as site:
        load = Load(_reading(), site.url, rate=200)

        async def make() -> None:
            async with load:
                await load.run(60)

        making = asyncio.create_task(make())
        await asyncio.sleep(1)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert _one(load.so_far()).requests >= 20


@pytest.mark.asyncio
async def test_a_load_is_started_once_at_a_time() -> None:
    """Or two plans would run into each other."""
    async with stub_site() as site, Load(_reading(), site.url) as load:
        load.start()
        with pytest.raises(LabError, match="runs already"):
            load.start()


@pytest.mark.asyncio
async def test_a_mistake_of_the_generator_itself_is_not_hidden() -> None:
    """It is raised when the load is stopped."""
    async with stub_site() as site, Load(_reading(), site.url, rate=200) as load:
        for person in load._people:
            person.take = None  # type: ignore[assignment]
        load.start()
        await asyncio.sleep(0.2)
        with pytest.raises(TypeError):
            await load.stop()


@pytest.mark.asyncio
async def test_the_history_in_memory_is_bounded() -> None:
    """How many requests did not fit in is told; the counts hold all of them."""
    async with stub_site() as site, Load(_reading(), site.url, rate=200, recording=Recording(most=10)) as load:
        await load.run(0.4)
    run = load.so_far()
    assert (run.kept, len(load.recording.history.requests)) == (10, 10)
    assert run.not_kept == sum(each.requests for each in run.marks) - 10 > 0

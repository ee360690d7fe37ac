"""After a load on somebody else's system: its people delete their accounts, and nothing of that is in the history."""

import asyncio

import pytest
from lab_small_workload import small_workload
from lab_stub_site import Asked, StubSite, stub_site

from lab.errors import SiteGone
from lab.load.driver import Load


def _leaves(asked: Asked) -> bool:
    return asked.method == "DELETE" and asked.path == "/api/v1/me"


async def _lived(site: StubSite) -> Load:
    load = Load(small_workload(), site.url, rate=100, removes_people=True)
    async with load:
        await load.run(0.3)
    return load


async def _listen_again(site: StubSite) -> None:
    await asyncio.sleep(0.5)
    await site.listen(int(site.url.rpartition(":")[2]))


@pytest.mark.asyncio
async def test_everybody_is_gone_afterwards() -> None:
    """Those too who were logged out; the history ends before."""
    async with stub_site() as site:
        async with Load(small_workload(), site.url, rate=100, removes_people=True) as load:
            await load.run(0.3)
            site.logins.clear()
            kept = load.so_far().kept
        assert site.people == {}
        assert load.people_left == 0
        assert load.so_far().kept == kept


@pytest.mark.asyncio
async def test_people_of_a_stack_of_ones_own_stay() -> None:
    """It is thrown away as a whole."""
    async with stub_site() as site:
        async with Load(small_workload(), site.url) as load:
            pass
        assert (len(site.people), load.people_left) == (6, 0)


@pytest.mark.asyncio
async def test_who_is_told_to_wait_leaves_later() -> None:
    """And whose leaving was not answered has left."""
    async with stub_site() as site:
        site.retry_after = "0"
        refusals, hidden = [429, 503, 429], [503]
        site.status_for = lambda asked: refusals.pop() if _leaves(asked) and refusals else 0
        site.status_after = lambda asked: hidden.pop() if _leaves(asked) and hidden else 0
        load = await _lived(site)
        assert (site.people, load.people_left, refusals, hidden) == ({}, 0, [], [])


@pytest.mark.asyncio
async def test_a_site_that_is_gone_is_not_waited_for() -> None:
    """Once all attempts of one person had no answer; everybody is counted as left."""
    async with stub_site() as site:
        load = Load(small_workload(), site.url, rate=100, removes_people=True)
        async with asyncio.timeout(10), load:
            await load.run(0.2)
            await site.die()
        assert load.people_left == 6


@pytest.mark.asyncio
async def test_a_site_that_is_gone_for_a_moment_is_asked_again() -> None:
    """Somebody restarts it while people leave: nobody is left behind."""
    async with stub_site() as site:
        load = Load(small_workload(), site.url, rate=100, removes_people=True)
        async with load:
            await load.run(0.2)
            await site.die()
            restarted = asyncio.create_task(_listen_again(site))
        await restarted
        assert (site.people, load.people_left) == ({}, 0)


@pytest.mark.asyncio
async def test_who_must_not_leave_is_counted() -> None:
    async with stub_site() as site:
        stays = []

        def forced(asked: Asked) -> int:
            if _leaves(asked) and asked.login is not None:
                stays.append(asked.login.person.handle)
                return 405 if len(stays) <= 2 else 0
            return 0

        site.status_for = forced
        load = await _lived(site)
        assert load.people_left == 2
        assert sorted(site.people) == sorted(stays[:2])
        assert all(handle.startswith(load.handles.removesuffix("*")) for handle in site.people)


@pytest.mark.asyncio
async def test_those_who_were_made_before_it_failed_are_removed_as_well() -> None:
    async with stub_site() as site:
        site.status_for = lambda asked: 422 if asked.path.endswith("signup") and len(site.people) >= 3 else 0
        with pytest.raises(SiteGone, match="signing up was answered with status 422"):
            await _lived(site)
        assert site.people == {}
        assert site.requests > 3


@pytest.mark.asyncio
async def test_a_last_look_is_taken_by_everybody_who_is_logged_in() -> None:
    """Of what is theirs: it is in the history, as a phase of its own."""
    async with stub_site() as site, Load(small_workload(), site.url) as load:
        await load.look_once_more()
        [looked] = load.so_far().of("last look")
        assert {name: each.requests for name, each in looked.routes.items()} == {
            "GET board": 6,
            "GET me": 6,
            "GET person": 6,
        }
        await site.die()
        async with asyncio.timeout(5):
            await load.look_once_more()


@pytest.mark.asyncio
async def test_a_site_that_answers_with_errors_for_ever_is_asked_a_few_times() -> None:
    """By a few of them; not by everybody."""
    async with stub_site() as site:
        site.retry_after = "0"
        load = Load(small_workload(people={"users": 40}), site.url, removes_people=True)
        async with load:
            site.status_for = lambda asked: 503
            asked = site.requests
        assert load.people_left == 40
        assert site.requests - asked <= 5 * 5


@pytest.mark.asyncio
async def test_who_changed_their_password_leaves_by_the_new_one() -> None:
    """Or by the former one, if the answer to the change was lost and it was not done."""
    async with stub_site() as site:
        load = Load(small_workload(), site.url, removes_people=True)
        async with load:
            for number, person in enumerate(load._people):
                account = person.account
                theirs = site.people[account.handle]
                if number < 2:
                    theirs.password = "another"
                    account.password_is("another")
                elif number < 4:
                    theirs.password = "another"
                    account.password_may_be("another")
                else:
                    account.password_may_be("never")
            site.logins = dict(list(site.logins.items())[:3])
        assert (site.people, load.people_left) == ({}, 0)

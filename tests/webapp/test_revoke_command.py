"""`hotseat revoke`: an operator ends sessions."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from click.testing import CliRunner, Result
from requests import Session
from sites import PASSWORD, Site, site_in_thread

from webapp.commands import revoke

B_SECONDS = 2.0


@pytest.fixture
def running(variables: dict[str, str]) -> Iterator[Site]:
    """An instance that keeps copies."""
    with site_in_thread({**variables, "STICKY_MODE": "on"}) as site:
        yield site


def run(handle: str, variables: Mapping[str, str]) -> Result:
    return CliRunner().invoke(revoke, [handle], env=dict(variables))


def enter(site: Site, how: str, handle: str) -> Session:
    """A browser that has signed up or logged in."""
    browser = Session()
    body = {"handle": handle, "password": PASSWORD} | ({"name": handle} if how == "signup" else {})
    browser.post(f"{site.url}/api/v1/{how}", json=body, timeout=10).raise_for_status()
    return browser


def status(site: Site, browser: Session) -> int:
    return browser.get(f"{site.url}/api/v1/me", timeout=10).status_code


def test_an_operator_ends_every_session_of_one_person(
    running: Site, variables: dict[str, str], eventually: Callable[..., None]
) -> None:
    """At the instance that holds a copy as well; nobody else's, and logging in again works."""
    ada, phone, bob = enter(running, "signup", "ada"), enter(running, "login", "ada"), enter(running, "signup", "bob")
    assert [status(running, each) for each in (ada, phone, bob)] == [200, 200, 200]
    done = run("Ada", variables)
    assert (done.exit_code, done.output) == (0, "2 ended.\n")
    eventually(lambda: [status(running, each) for each in (ada, phone)] == [401, 401], B_SECONDS)
    assert status(running, bob) == 200
    again = enter(running, "login", "ada")
    assert status(running, again) == 200
    for each in (ada, phone, bob, again):
        each.close()


def test_nobody_of_this_name_is_told_so(running: Site, variables: dict[str, str]) -> None:
    """With a status that scripts see."""
    done = run("nobody", variables)
    assert (done.exit_code, "nobody called 'nobody'" in done.output) == (1, True)


def test_without_redis_nothing_is_claimed(variables: dict[str, str], running: Site) -> None:
    """It says that it stopped."""
    enter(running, "signup", "ada").close()
    done = run("ada", {**variables, "REDIS_URL": "redis://127.0.0.1:1"})
    assert (done.exit_code, "Stopped" in done.output) == (1, True)

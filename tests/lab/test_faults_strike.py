"""Each fault does to a real site what it says, and the site is whole again afterwards."""

import email.utils
import http.client
import threading
import time
from collections.abc import Callable
from typing import cast

import psutil
import pytest
from struck import HOST, Person, address_of, hangs, joined, redis_says, refuses, serves, struck

from lab.errors import Unsettled
from lab.faults import ALL, disturb, failover, named
from lab.testbed.redis_call import Address, info
from lab.testbed.settling import in_rotation
from lab.testbed.site import Site
from lab.testbed.standby import Standby

LINKS = {"redis": "web-2-redis", "mongodb": "web-2-mongodb", "s3": "web-2-s3", "clients": "clients"}

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


def wire(site: Site, name: str) -> tuple[str, int]:
    return HOST, site.wires.port(name)


def pids(site: Site) -> dict[str, int]:
    return {each.name: each.pid or 0 for each in site.stack.status()}


# A short selection, on the stack that other tests use too


def test_a_kill_ends_the_process_and_another_one_comes(shared_site: Site) -> None:
    """The old one is dead, and its successor serves when the disturbance is over."""
    before = pids(shared_site)
    found = disturb(shared_site, named("kill"), 5)
    after = pids(shared_site)
    assert {name for name in before if after[name] != before[name]} == {"web-2"}
    assert not psutil.pid_exists(before["web-2"])
    assert "web-2" in in_rotation(shared_site.stack)
    assert found.ended - found.started < 3
    assert f"SIGKILL to web-2, pid {before['web-2']}" in shared_site.notes.read_text()


def test_a_paused_redis_takes_connections_and_answers_nothing(shared_site: Site) -> None:
    """Copies are trusted again when it is over, by the same process."""
    before = pids(shared_site)
    with struck(shared_site, named("redis-pause")):
        assert hangs(address_of(shared_site, "redis"))
    assert pids(shared_site) == before
    assert {each.hot for each in shared_site.status() if each.name.startswith("web-")} == {"trusted"}


# Processes


@pytest.mark.chaos
@pytest.mark.parametrize(("fault", "name"), [("worker-kill", "worker-1"), ("proxy-kill", "haproxy")])
def test_others_are_killed_too(sticky_site: Site, fault: str, name: str) -> None:
    """That one and no other."""
    before = pids(sticky_site)
    with struck(sticky_site, named(fault)):
        pass
    after = pids(sticky_site)
    assert {each for each in before if after[each] != before[each]} == {name}
    assert not psutil.pid_exists(before[name])


@pytest.mark.chaos
def test_a_stopped_instance_hangs_and_people_go_on(sticky_site: Site) -> None:
    """It takes connections and is silent; the site is served by the others."""
    with struck(sticky_site, named("stop")):
        assert hangs(address_of(sticky_site, "web-2"), b"GET /healthz HTTP/1.0\r\n\r\n")
        assert {each.name: each.state for each in sticky_site.status()}["web-2"] == "paused"
        assert "web-2 is paused" in sticky_site.missing()
        assert serves(sticky_site)


@pytest.mark.chaos
def test_a_terminated_instance_leaves_in_order(sticky_site: Site) -> None:
    """It is another process afterwards, and nobody was refused meanwhile."""
    before = pids(sticky_site)
    with asked_all_the_time(sticky_site) as failures, struck(sticky_site, named("terminate")):
        assert not psutil.pid_exists(before["web-2"])
    assert pids(sticky_site)["web-2"] != before["web-2"]
    assert not failures


@pytest.mark.chaos
def test_a_rolling_restart_replaces_every_instance(sticky_site: Site) -> None:
    """All are other processes, HAProxy and the stores are not; nobody was refused meanwhile."""
    before = pids(sticky_site)
    with asked_all_the_time(sticky_site) as failures, struck(sticky_site, named("rolling-restart")):
        pass
    after = pids(sticky_site)
    assert {name for name in before if after[name] != before[name]} == {"web-1", "web-2", "web-3", "worker-1"}
    assert not failures


@pytest.mark.chaos
def test_a_drained_instance_is_out_of_use_until_it_is_started(sticky_site: Site) -> None:
    """Its slot is closed, and open again afterwards."""
    with asked_all_the_time(sticky_site) as failures, struck(sticky_site, named("drain")):
        assert {each.name: each.state for each in sticky_site.status()}["web-2"] == "drained"
        assert in_rotation(sticky_site.stack) == {"web-1", "web-3"}
        assert "web-2 is drained" in sticky_site.missing()
    assert "web-2" in in_rotation(sticky_site.stack)
    assert not failures


@pytest.mark.chaos
def test_a_replaced_proxy_refuses_nobody(sticky_site: Site) -> None:
    """It is another process, and every request meanwhile was answered."""
    before = pids(sticky_site)
    with asked_all_the_time(sticky_site) as failures, struck(sticky_site, named("proxy-restart")):
        pass
    assert pids(sticky_site)["haproxy"] != before["haproxy"]
    assert not failures


class asked_all_the_time:  # noqa: N801 - read as a sentence
    """Inside, the site is asked fifty times a second; those that were not answered as they should are in the list."""

    def __init__(self, site: Site) -> None:
        self._person = Person(site.url)
        self._failures: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> list[str]:
        self._thread.start()
        return self._failures

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.02):
            try:
                status = self._person.ask("GET", "/login").status
                if status != 200:
                    self._failures.append(str(status))
            except (OSError, http.client.HTTPException) as error:
                self._failures.append(repr(error))


# Redis


@pytest.mark.chaos
def test_a_killed_redis_comes_back_with_what_it_had(sticky_site: Site) -> None:
    """Another process, the same keys; who was logged in still is."""
    before, person = pids(sticky_site), joined(sticky_site)
    with struck(sticky_site, named("redis-kill")):
        pass
    assert pids(sticky_site)["redis"] != before["redis"]
    assert person.ask("GET", "/api/v1/me").status == 200


@pytest.mark.chaos
def test_a_flushed_redis_knows_nobody(sticky_site: Site) -> None:
    """Who was logged in has to log in again."""
    person, stranger = joined(sticky_site), Person(sticky_site.url)
    assert person.ask("GET", "/api/v1/me").status == 200
    with struck(sticky_site, named("redis-flush")):
        pass
    assert person.ask("GET", "/api/v1/me").status == stranger.ask("GET", "/api/v1/me").status == 401


@pytest.mark.chaos
def test_a_replica_takes_over_and_hands_back(sticky_site: Site, eventually: Callable) -> None:
    """People who were logged in before, and who came meanwhile, are known at each step."""
    before, person = pids(sticky_site), joined(sticky_site)
    with struck(sticky_site, named("redis-failover")):
        assert refuses(address_of(sticky_site, "redis"))
        sticky_site.standby = cast(Standby, sticky_site.standby)
        assert info(sticky_site.standby.address, "replication")["role"] == "master"
        eventually(lambda: sticky_site.missing() == ["redis is stopped"], 20)  # every instance has found the new one
        assert person.ask("GET", "/api/v1/me").status == 200
        newcomer = joined(sticky_site)
    assert sticky_site.standby is None
    assert pids(sticky_site)["redis"] != before["redis"]
    assert info(address_of(sticky_site, "redis"), "replication")["role"] == "master"
    assert [each.ask("GET", "/api/v1/me").status for each in (person, newcomer)] == [200, 200]


@pytest.mark.chaos
def test_an_interrupted_failover_keeps_what_the_master_has(sticky_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that has not received everything yet is not followed."""
    person = joined(sticky_site)

    real, calls = failover.follow, []

    def interrupted(replica: Address, master: Address) -> None:
        calls.append(replica)
        if len(calls) == 1:
            raise KeyboardInterrupt
        real(replica, master)

    monkeypatch.setattr(failover, "follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        disturb(sticky_site, named("redis-failover"), 1)
    monkeypatch.undo()
    sticky_site.settle()
    assert person.ask("GET", "/api/v1/me").status == 200


@pytest.mark.chaos
def test_half_a_link_makes_one_instance_distrust_its_copies(sticky_site: Site, eventually: Callable) -> None:
    """What it sends arrives, what it is told does not; the others go on."""

    def trusting() -> set[str]:
        return {each.name for each in sticky_site.status() if each.hot == "trusted"}

    with struck(sticky_site, named("redis-half-open")):
        eventually(lambda: trusting() == {"web-1", "web-3"}, 10)
        assert hangs(wire(sticky_site, "web-2-redis"))
        assert not hangs(wire(sticky_site, "web-1-redis"))


@pytest.mark.chaos
@pytest.mark.parametrize(("fault", "seconds"), [("redis-latency", 0.01), ("redis-crawling", 0.8)])
def test_redis_is_as_far_away_as_is_said(sticky_site: Site, fault: str, seconds: float) -> None:
    """For every process of the application."""
    assert redis_says(wire(sticky_site, "web-1-redis"), b"PING")[1] < 0.3
    with struck(sticky_site, named(fault)):
        for name in ("web-1-redis", "web-2-redis", "web-3-redis", "worker-1-redis"):
            answer, took = redis_says(wire(sticky_site, name), b"PING")
            assert answer == b"+PONG\r\n"
            assert seconds <= took < seconds + 0.5
    assert redis_says(wire(sticky_site, "web-1-redis"), b"PING")[1] < 0.3


@pytest.mark.chaos
def test_the_way_to_redis_is_as_narrow_as_is_said(sticky_site: Site) -> None:
    """32 KiB take a second."""
    said = b"x" * 32_768
    with struck(sticky_site, named("redis-bandwidth")):
        answer, took = redis_says(wire(sticky_site, "web-3-redis"), b"ECHO", said)
        assert said in answer
        assert 0.9 <= took < 5
    assert redis_says(wire(sticky_site, "web-3-redis"), b"ECHO", said)[1] < 0.5


@pytest.mark.chaos
def test_a_site_that_does_not_settle_says_what_is_missing(sticky_site: Site) -> None:
    """The part, and what is wrong with it."""
    with struck(sticky_site, named("redis-gone")):
        with pytest.raises(Unsettled, match=r"After 0.5 s .*redis is stopped") as unsettled:
            sticky_site.settle(0.5)
        assert "redis is stopped" in unsettled.value.missing


# Any store, any link


@pytest.mark.chaos
@pytest.mark.parametrize("store", ["redis", "mongodb", "s3"])
def test_a_store_that_is_gone_refuses_connections(sticky_site: Site, store: str) -> None:
    """And has what it had when it is back."""
    person = joined(sticky_site)
    with struck(sticky_site, named(f"{store}-gone")):
        assert refuses(address_of(sticky_site, store))
        assert f"{store} is stopped" in sticky_site.missing()
    assert person.ask("GET", "/api/v1/me").status == 200


@pytest.mark.chaos
@pytest.mark.parametrize("store", ["mongodb", "s3"])
def test_a_paused_store_hangs(sticky_site: Site, store: str) -> None:
    """It takes connections, and answers nothing."""
    with struck(sticky_site, named(f"{store}-pause")):
        assert hangs(address_of(sticky_site, store), b"GET / HTTP/1.0\r\n\r\n")
        assert f"{store} is paused" in sticky_site.missing()


@pytest.mark.chaos
@pytest.mark.parametrize("link", LINKS)
def test_a_link_that_was_cut_is_refused(sticky_site: Site, link: str) -> None:
    """Connections are reset, and new ones are not taken."""
    before = sticky_site.counts()
    held = Person(f"http://{HOST}:{sticky_site.wires.port('clients')}") if link == "clients" else None
    if held:
        assert held.ask("GET", "/login").status == 200
    with struck(sticky_site, named(f"{link}-cut")):
        assert all(refuses(wire(sticky_site, name)) for name in sticky_site.wires_of(link))
    after = sticky_site.counts()
    resets = {name: after[name].reset - before[name].reset for name in after}
    assert all(resets[name] == 0 for name in resets if name not in sticky_site.wires_of(link))
    assert link != "redis" or all(resets[name] > 0 for name in sticky_site.wires_of(link))


@pytest.mark.chaos
@pytest.mark.parametrize("store", ["redis", "mongodb", "s3"])
def test_a_black_hole_takes_connections_and_swallows_what_is_said(sticky_site: Site, store: str) -> None:
    """Nothing is answered over it, while the store itself is well."""
    with struck(sticky_site, named(f"{store}-black-hole")):
        assert all(hangs(wire(sticky_site, name), b"GET / HTTP/1.0\r\n\r\n") for name in sticky_site.wires_of(store))
        assert sticky_site.stack.ready(store)
        assert sum(sticky_site.counts()[name].swallowed_bytes for name in sticky_site.wires_of(store)) > 0


@pytest.mark.chaos
def test_a_writer_is_told_that_mongodb_is_away(sticky_site: Site) -> None:
    """The application goes by the wire: who writes gets 503, and can write afterwards."""
    person = joined(sticky_site)
    with struck(sticky_site, named("mongodb-black-hole")):
        assert person.ask("POST", "/api/v1/cards", {"text": "Hello?"}, 20).status == 503
    assert person.ask("POST", "/api/v1/cards", {"text": "Hello!"}).status == 201


@pytest.mark.chaos
def test_mongodb_is_as_far_away_as_is_said(sticky_site: Site) -> None:
    """A write takes longer by more than a round trip, and is done."""
    person = joined(sticky_site)
    with struck(sticky_site, named("mongodb-latency")):
        answer = person.ask("POST", "/api/v1/cards", {"text": "From afar."})
        assert answer.status == 201
        assert answer.seconds > 0.04


@pytest.mark.chaos
def test_the_way_to_pictures_is_as_narrow_as_is_said(sticky_site: Site) -> None:
    """Sixty-four KiB of a question take a second to arrive."""
    body = b"x" * 65_536
    question = b"PUT /nowhere/x HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n" + body
    with struck(sticky_site, named("s3-bandwidth")):
        before = sticky_site.counts()["web-1-s3"].passed_bytes
        assert hangs(wire(sticky_site, "web-1-s3"), question)
        passed = sticky_site.counts()["web-1-s3"].passed_bytes - before
        assert 10_000 < passed < 60_000  # in half a second


@pytest.mark.chaos
def test_browsers_are_as_far_away_as_is_said(sticky_site: Site) -> None:
    """A page takes 100 ms more."""
    person = Person(sticky_site.url)
    with struck(sticky_site, named("clients-latency")):
        answer = person.ask("GET", "/login")
        assert answer.status == 200
        assert answer.seconds >= 0.1


@pytest.mark.chaos
def test_the_way_to_browsers_is_as_narrow_as_is_said(sticky_site: Site) -> None:
    """What all of them get in a second and a half is not more than there is room for."""
    paths = ["/static/postcards.css"] * 40
    with struck(sticky_site, named("clients-bandwidth")):
        began, before = time.monotonic(), sticky_site.counts()["clients"].passed_bytes
        while paths and time.monotonic() - began < 1.5:
            assert Person(sticky_site.url).ask("GET", paths.pop()).status == 200
        took, passed = time.monotonic() - began, sticky_site.counts()["clients"].passed_bytes - before
        assert 0.3 < passed / took / 262_144 < 1.3


# The process itself


@pytest.mark.chaos
@pytest.mark.parametrize(("fault", "seconds"), [("clock-on", 600), ("clock-back", -600)])
def test_one_instance_has_another_time_of_day(sticky_site: Site, fault: str, seconds: float) -> None:
    """It dates its answers by it; the others go by the machine's, and so does it afterwards."""

    def off(name: str) -> float:
        host, port = address_of(sticky_site, name)
        date = Person(f"http://{host}:{port}").ask("GET", "/login").headers["Date"]
        return email.utils.parsedate_to_datetime(date).timestamp() - time.time()

    with struck(sticky_site, named(fault)):
        assert abs(off("web-2") - seconds) < 3
        assert abs(off("web-1")) < 3
        assert serves(sticky_site)
    assert abs(off("web-2")) < 3


@pytest.mark.chaos
def test_an_instance_gets_no_more_memory(sticky_site: Site) -> None:
    """A little more than it has, and as much as before afterwards."""
    process = psutil.Process(sticky_site.stack.pid("web-2"))
    before = process.rlimit(psutil.RLIMIT_AS)
    with struck(sticky_site, named("memory-limit")):
        soft, hard = process.rlimit(psutil.RLIMIT_AS)
        assert 0 <= soft - process.memory_info().vms <= 8 << 20
        assert hard == before[1]
    if process.is_running():
        assert process.rlimit(psutil.RLIMIT_AS) == before
    assert psutil.Process(sticky_site.stack.pid("web-2")).rlimit(psutil.RLIMIT_AS) == before


# Two at once, and all of them


@pytest.mark.chaos
def test_two_faults_happen_at_once(sticky_site: Site) -> None:
    """An instance dies while Redis hangs; it comes back when Redis does."""
    before = pids(sticky_site)
    with struck(sticky_site, named("kill+redis-pause")):
        assert hangs(address_of(sticky_site, "redis"))
        assert not psutil.pid_exists(before["web-2"])
    assert pids(sticky_site)["redis"] == before["redis"]


@pytest.mark.chaos
@pytest.mark.parametrize("fault", ALL)
def test_a_site_settles_after_every_fault_in_stateless_mode(stateless_site: Site, fault: str) -> None:
    """Disturbed for a second, and well again; its times are in order."""
    found = disturb(stateless_site, named(fault), 1)
    assert found.started <= found.ended <= found.settled
    assert serves(stateless_site)

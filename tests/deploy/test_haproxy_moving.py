"""haproxy.cfg: moving browsers by cookies, and changing addresses and the proxy itself, under load."""

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from deploy.local import slot_cookie

KEY = "a key for tests"
CLIENTS = 6


def test_undated_cookie_of_the_application_is_obeyed_and_stamped(proxy):
    """SRV=<another slot's value> goes through; the next request goes there, shows it undated, and gets dates."""
    p = proxy(sticky=True)
    first = p.ask(headers={"Cookie": f"SRV={slot_cookie(KEY, 'web-1')}"})
    target = slot_cookie(KEY, "web-3")
    p.servers[0].set_cookie = f"SRV={target}; Path=/; HttpOnly; SameSite=Lax"
    moved = p.ask(headers={"Cookie": first.cookie})
    assert moved.headers.get_all("Set-Cookie") == [p.servers[0].set_cookie]

    arrived = p.ask(headers={"Cookie": moved.cookie})
    assert (arrived.seen["server"], arrived.seen["x-affinity"]) == ("web-3", target)
    value, *dates = arrived.cookie.removeprefix("SRV=").split("|")
    assert (value, len(dates)) == (target, 2)
    assert p.ask(headers={"Cookie": arrived.cookie}).seen["server"] == "web-3"


def test_marker_cookie_frees_a_browser(proxy, eventually):
    """SRV=drain.<value> goes through; it names nobody, so the next request is balanced, shows it, and is pinned."""
    p = proxy(sticky=True)
    leaving = p.servers[1]
    marker = f"drain.{slot_cookie(KEY, 'web-2')}"
    leaving.readyz = 404
    leaving.set_cookie = f"SRV={marker}; Path=/; HttpOnly; SameSite=Lax"
    eventually(lambda: not p.state_of("web-2").startswith("UP"), 20)
    told = p.ask(headers={"Cookie": f"SRV={slot_cookie(KEY, 'web-2')}"})
    assert (told.seen["server"], told.cookie) == ("web-2", f"SRV={marker}")

    freed = [p.ask(headers={"Cookie": told.cookie}) for _ in range(6)]
    assert {answer.seen["server"] for answer in freed} == {"web-1", "web-3"}
    assert {answer.seen["x-affinity"] for answer in freed} == {marker}
    for answer in freed:
        assert answer.cookie.removeprefix("SRV=").split("|")[0] == slot_cookie(KEY, answer.seen["server"])


@dataclass
class Load:
    """What became of the requests; `slots` are those that the application was reached as."""

    failures: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    slots: set[str] = field(default_factory=set)


@contextmanager
def load_on(p, name):
    """Clients who belong to `name` read and write over kept connections, as fast as they can."""
    load, ended = Load(), threading.Event()

    def client(method):
        connection = p.connect()
        while not ended.is_set():
            try:
                answer = p.ask("/", method, {"Cookie": f"SRV={slot_cookie(KEY, name)}"}, b"x", connection=connection)
                if answer.status != 200:
                    load.failures.append(f"{method}: {answer.status}")
                else:
                    load.slots.add(answer.seen["x-slot"])
            except (OSError, HTTPException) as error:
                load.failures.append(f"{method}: {error!r}")
                connection.close()
            load.answered[method] += 1
            if ended.wait(0.002):
                break
        connection.close()

    threads = [threading.Thread(target=client, args=(method,)) for method in ("GET", "POST") * (CLIENTS // 2)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_a_slot_gets_another_address_without_a_failed_request(proxy, eventually, figures, successor_of):
    """`set server ... addr` under pinned load, and the old process leaves: no request fails, nobody moves.

    HAProxy uses the connections it has to the old address as long as they last, so every answer has to close its own.
    """
    p = proxy(sticky=True)
    with load_on(p, "web-2") as load:
        eventually(lambda: load.answered["POST"] > 50, 20)
        old, new = p.server("web-2"), successor_of("web-2")
        assert "changed" in p.command(f"set server web/web-2 addr 127.0.0.1 port {new.port}")
        old.leaves = True
        eventually(lambda: not old.connected, 40)
        old.close()
        seen = len(new.asked)
        eventually(lambda: len(new.asked) > seen + 100, 20)
    assert load.failures == []
    assert load.slots == {"web-2"}
    figures(f"repointed under {sum(load.answered.values())} requests, 0 failed")


def test_a_replaced_proxy_keeps_addresses_states_and_requests(proxy, eventually, figures, successor_of):
    """-x, -sf and the state file: no request fails, what was opened, repointed or closed at run time stays so."""
    p = proxy(sticky=True)
    new = successor_of("web-2")
    p.command(f"set server web/web-2 addr 127.0.0.1 port {new.port}")
    p.command(f"set server web/web-4 addr 127.0.0.1 port {p.servers[0].port}")
    p.command("set server web/web-4 state ready")
    p.command("set server web/web-3 state maint")
    eventually(lambda: p.state_of("web-4") == "UP", 20)
    with load_on(p, "web-2") as load:
        eventually(lambda: load.answered["POST"] > 50, 20)
        p.state_file.write_text(p.command("show servers state"))
        successor = proxy(sticky=True, replaces=p)
        eventually(lambda: p.process.poll() is not None, 40)
        before = load.answered["POST"]
        eventually(lambda: load.answered["POST"] > before + 50, 20)
    assert load.failures == []
    assert load.slots == {"web-2"}
    assert successor.state_of("web-3") == "MAINT"
    assert successor.state_of("web-4") == "UP"
    seen = len(new.asked)
    assert successor.ask(headers={"Cookie": f"SRV={slot_cookie(KEY, 'web-2')}"}).status == 200
    assert len(new.asked) == seen + 1
    assert successor.ask(headers={"Cookie": f"SRV={slot_cookie(KEY, 'web-4')}"}).seen["x-slot"] == "web-4"
    figures(f"replaced under {sum(load.answered.values())} requests, 0 failed")

"""The proxy and the application agree about affinity without talking to each other."""

import re

import pytest

from deploy.local import slot_cookie
from deploy.local.places import HAPROXY_CFG
from deploy.local.proxy import proxy_environ
from deploy.local.settings import MOST_SLOTS
from webapp import affinity
from webapp.settings import from_mapping

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SLOTS = range(1, MOST_SLOTS + 1)


def cookie_line() -> str:
    """The line of haproxy.cfg that makes the affinity cookie."""
    [line] = [line for line in HAPROXY_CFG.read_text().splitlines() if line.strip().startswith("cookie ")]
    return line


def limit(word: str) -> int:
    """A time in the cookie's line, in seconds."""
    found = re.search(rf"\b{word} (\d+)([smhd])\b", cookie_line())
    assert found is not None, word
    return int(found[1]) * SECONDS[found[2]]


@pytest.mark.parametrize("key", ["a key for tests", "k" * 64, "schlüssel mit ümlauten", "0"])
def test_both_derive_the_same_value_for_each_slot(key: str) -> None:
    """From the key alone, by the same recipe."""
    assert [slot_cookie(key, f"web-{slot}") for slot in SLOTS] == [
        affinity.slot_value(key, f"web-{slot}") for slot in SLOTS
    ]


def test_the_values_of_slots_differ_and_cannot_be_guessed() -> None:
    """132 bits each, and another key gives others."""
    one, other = ({affinity.slot_value(key, f"web-{slot}") for slot in SLOTS} for key in ("a" * 32, "b" * 32))
    assert len(one | other) == 2 * MOST_SLOTS
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", value) for value in one)


def test_the_application_knows_what_the_stack_gives_the_proxy() -> None:
    """Each value leads to the slot it was made for, by its name in haproxy.cfg."""
    environ = proxy_environ({}, sticky=True, affinity_key="a" * 32, secure=False)
    knows = affinity.Affinity("a" * 32, MOST_SLOTS, lambda: 0.0)
    names = re.findall(r"^\s+server (\S+) .* cookie \"\$\{AFFINITY_(\d)-", HAPROXY_CFG.read_text(), re.MULTILINE)
    assert len(names) == MOST_SLOTS
    for name, number in names:
        assert knows.outcome(f"{environ[f'AFFINITY_{number}']}|AAAAA|AAAAA", name) == "kept"
        assert knows.outcome(environ[f"AFFINITY_{number}"], "web-0") == "moved_down"


@pytest.mark.parametrize("secure", [False, True])
def test_both_call_the_cookie_the_same(secure: bool) -> None:
    """By https too, where its name binds it to the host."""
    environ = proxy_environ({}, sticky=True, affinity_key="a" * 32, secure=secure)
    [default] = re.findall(r'cookie "\$\{AFFINITY_COOKIE-(\w+)\}"', cookie_line())
    assert environ.get("AFFINITY_COOKIE", default) == affinity.cookie_name(secure)
    assert affinity.cookie_name(secure).startswith("__Host-") == secure


def test_both_forget_a_browser_after_the_same_time() -> None:
    """haproxy.cfg's maxidle and maxlife are the application's limits."""
    assert limit("maxidle") == affinity.MAX_IDLE_SECONDS
    assert limit("maxlife") == affinity.MAX_LIFE_SECONDS


def test_the_slots_the_application_expects_are_those_the_proxy_declares() -> None:
    """WEB_SLOTS is as large as haproxy.cfg, unless somebody sets it."""
    settings = from_mapping(
        {"REDIS_URL": "redis://x", "MONGODB_URL": "mongodb://x", "SECRET_KEYS": "s" * 32, "AFFINITY_KEY": "a" * 32}
    )
    declared = len(re.findall(r"^\s+server web-\d+ ", HAPROXY_CFG.read_text(), re.MULTILINE))
    assert settings.web_slots == MOST_SLOTS == declared

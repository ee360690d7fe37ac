"""The settings: defaults, the ladder, and one error for everything that is wrong."""

import pytest

from webapp.errors import SettingsInvalid
from webapp.settings import RUNGS, from_mapping

KEY = "0123456789abcdef0123456789abcdef"
ENOUGH = {
    "REDIS_URL": "redis://127.0.0.1:6379",
    "MONGODB_URL": "mongodb://127.0.0.1:27017",
    "SECRET_KEYS": KEY,
    "AFFINITY_KEY": KEY,
}


def faults(**changes: str) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as caught:
        from_mapping(ENOUGH | changes)
    return caught.value.faults


def test_the_default_is_the_stateless_mode_cached_in_redis() -> None:
    """Nothing is kept hot unless it is asked for."""
    settings = from_mapping(ENOUGH)
    assert (settings.sticky_mode, settings.hot_cache, settings.board_strategy) == (False, False, "redis")


def test_sticky_mode_alone_switches_the_hot_cache_on() -> None:
    """One variable is enough."""
    settings = from_mapping(ENOUGH | {"STICKY_MODE": "on"})
    assert (settings.sticky_mode, settings.hot_cache, settings.board_strategy) == (True, True, "hot")


def test_every_rung_of_the_ladder_can_be_set() -> None:
    """And is named."""
    for (sticky, hot, strategy), name in RUNGS.items():
        variables = {
            "STICKY_MODE": "on" if sticky else "off",
            "HOT_CACHE": "on" if hot else "off",
            "BOARD_STRATEGY": strategy,
        }
        assert from_mapping(ENOUGH | variables).rung == name


@pytest.mark.parametrize(
    ("sticky", "hot", "strategy"),
    [
        (sticky, hot, strategy)
        for sticky in (True, False)
        for hot in (True, False)
        for strategy in ("compute", "redis", "hot")
        if (sticky, hot, strategy) not in RUNGS
    ],
)
def test_any_other_combination_is_refused_with_the_ones_that_go(sticky: bool, hot: bool, strategy: str) -> None:
    """The sentence lists the rungs."""
    words = {True: "on", False: "off"}
    found = faults(STICKY_MODE=words[sticky], HOT_CACHE=words[hot], BOARD_STRATEGY=strategy)
    assert "on/on/hot (hot behind stickiness)" in found["BOARD_STRATEGY"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "http", "'http' is not a number from 0 to 65535"),
        ("PORT", "70000", "'70000' is not a number"),
        ("STICKY_MODE", "yes", "'yes' is not one of off, on"),
        ("HOT_CACHE", "1", "'1' is not one of auto, on, off"),
        ("BOARD_STRATEGY", "fast", "'fast' is not one of compute, redis, hot"),
        ("HOT_CACHE_BYTES", "10", "is not a number from 1048576"),
        ("HOT_STALENESS_SECONDS", "nan", "'nan' is not a number"),
        ("BOARD_FRESH_SECONDS", "-1", "'-1' is not a number"),
        ("REDIS_URL", "http://127.0.0.1", "redis:// or rediss:// or unix://"),
        ("REDIS_URL", "redis+cluster://127.0.0.1", "redis:// or rediss:// or unix://"),
        ("MONGODB_URL", "127.0.0.1", "mongodb:// or mongodb+srv://"),
        ("S3_ENDPOINT_URL", "s3://bucket", "http:// or https://"),
        ("SECRET_KEYS", "short", "at least 32 characters"),
        ("SECRET_KEYS", f"{KEY},short", "at least 32 characters"),
        ("AFFINITY_KEY", "", "at least 32 characters"),
        ("INSTANCE_ID", "web 1", "letters, digits and hyphens"),
        ("SESSION_IDLE_SECONDS", "1", "is not a number from 10"),
        ("DRAIN_SECONDS", "forever", "is not a number"),
        ("WEB_SLOTS", "0", "is not a number from 1 to 64"),
        ("EVIDENCE", "maybe", "is not one of on, off"),
        ("LOG_LEVEL", "LOUD", "is not one of DEBUG, INFO"),
        ("LOG_FORMAT", "xml", "is not one of json, console"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(name: str, value: str, told: str) -> None:
    """The person who set it can mend it without reading code."""
    assert told in faults(**{name: value})[name]


def test_all_faults_are_told_at_once() -> None:
    """Not one after the other."""
    assert set(faults(PORT="x", STICKY_MODE="x", REDIS_URL="", SECRET_KEYS="")) == {
        "PORT",
        "STICKY_MODE",
        "REDIS_URL",
        "SECRET_KEYS",
    }


def test_an_empty_value_counts_as_not_set() -> None:
    """As in an .env file with nothing behind the sign."""
    assert from_mapping(ENOUGH | {"PORT": "", "MEDIA_BASE_URL": ""}).media_base_url is None


def test_secrets_are_shown_as_stars() -> None:
    """Keys wholly, addresses without their password."""
    variables = {"AWS_SECRET_ACCESS_KEY": "hidden", "REDIS_URL": "redis://user:hidden@redis.example:6379/0"}
    shown = from_mapping(ENOUGH | variables).shown()
    assert "hidden" not in str(shown)
    assert KEY not in str(shown)
    assert shown["REDIS_URL"] == "redis://user:***@redis.example:6379/0"


def test_a_faulty_address_is_told_without_its_password() -> None:
    """An error ends up in logs."""
    assert "hidden" not in str(faults(REDIS_URL="http://user:hidden@redis.example"))


def test_a_hot_copy_is_trusted_for_a_second_at_most() -> None:
    """And never longer than half of what staleness is allowed."""
    assert from_mapping(ENOUGH).hot_trust_seconds == 1.0
    assert from_mapping(ENOUGH | {"HOT_STALENESS_SECONDS": "0.5"}).hot_trust_seconds == 0.25
    assert from_mapping(ENOUGH | {"HOT_STALENESS_SECONDS": "30"}).hot_trust_seconds == 1.0

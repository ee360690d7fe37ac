"""The settings: defaults, the ladder, and one error for everything that is wrong."""

import itertools

import pytest

from webapp.errors import SettingsInvalid
from webapp.settings import RUNGS, STRATEGIES, from_mapping

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
    assert (settings.sticky_mode, settings.hot_cache, settings.board_strategy) == (False, "off", "redis")


def test_sticky_mode_alone_switches_the_hot_cache_on() -> None:
    """One variable is enough."""
    settings = from_mapping(ENOUGH | {"STICKY_MODE": "on"})
    assert (settings.sticky_mode, settings.hot_cache, settings.board_strategy) == (True, "on", "hot")


def variables_of(rung: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("STICKY_MODE", "HOT_CACHE", "BOARD_STRATEGY"), rung, strict=True))


def test_every_rung_of_the_ladder_can_be_set() -> None:
    """And is named."""
    for rung, name in RUNGS.items():
        assert from_mapping(ENOUGH | variables_of(rung)).rung == name


@pytest.mark.parametrize(
    "rung",
    [rung for rung in itertools.product(("on", "off"), ("on", "off", "naive"), STRATEGIES) if rung not in RUNGS],
)
def test_any_other_combination_is_refused_with_the_ones_that_go(rung: tuple[str, str, str]) -> None:
    """The sentence lists the rungs."""
    assert "on/on/hot (hot behind stickiness)" in faults(**variables_of(rung))["BOARD_STRATEGY"]


def test_the_control_says_that_it_is_wrong_by_design() -> None:
    """Nobody should take it for a cache."""
    settings = from_mapping(ENOUGH | {"STICKY_MODE": "on", "HOT_CACHE": "naive"})
    assert settings.rung == "control: naive, wrong by design"


@pytest.mark.parametrize("scheme", ["redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"])
def test_a_cluster_or_sentinels_are_for_the_stateless_mode(scheme: str) -> None:
    """Without hot copies any Redis will do; with them the address is refused, and what to do instead is said."""
    url = f"{scheme}://app:hidden@one:7000,two:7000/hotseat"
    assert from_mapping(ENOUGH | {"REDIS_URL": url}).redis_url == url
    for variables in ({"STICKY_MODE": "on"}, {"STICKY_MODE": "on", "HOT_CACHE": "naive"}, {"HOT_CACHE": "on"}):
        told = faults(REDIS_URL=url, **variables)
        assert set(told) == {"REDIS_URL"}
        assert told["REDIS_URL"].startswith(f"no hot copies are kept over {scheme}:// yet")
        assert "hidden" not in told["REDIS_URL"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "http", "'http' is not a number from 0 to 65535"),
        ("PORT", "70000", "'70000' is not a number"),
        ("STICKY_MODE", "yes", "'yes' is not one of off, on"),
        ("HOT_CACHE", "1", "'1' is not one of auto, on, off, naive"),
        ("BOARD_STRATEGY", "fast", "'fast' is not one of compute, denormalised, redis, hot"),
        ("HOT_CACHE_BYTES", "10", "is not a number from 1048576"),
        ("HOT_STALENESS_SECONDS", "nan", "'nan' is not a number"),
        ("STALE_ON_OUTAGE_SECONDS", "-1", "'-1' is not a number from 0 to 3600"),
        ("BOARD_FRESH_SECONDS", "-1", "'-1' is not a number"),
        ("REDIS_URL", "http://127.0.0.1", "redis:// or rediss:// or unix://"),
        ("REDIS_URL", "redis+something://127.0.0.1", "redis+sentinel:// or rediss+sentinel:// or redis+cluster://"),
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


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis+sentinel://u:hidden@a:1,b:2/hotseat/0", "redis+sentinel://u:***@a:1,b:2/hotseat/0"),
        (
            "redis+sentinel://a/hotseat?sentinel_password=hidden&x=1",
            "redis+sentinel://a/hotseat?sentinel_password=***&x=1",
        ),
        ("unix:///run/redis.sock?password=hidden&db=1", "unix:///run/redis.sock?password=***&db=1"),
        ("redis://redis.example", "redis://redis.example"),
    ],
)
def test_passwords_are_hidden_wherever_an_address_has_them(url: str, shown: str) -> None:
    """Before the host and among the options; all else is shown as it was given."""
    assert from_mapping(ENOUGH | {"REDIS_URL": url}).shown()["REDIS_URL"] == shown


def test_a_faulty_address_is_told_without_its_password() -> None:
    """An error ends up in logs."""
    assert "hidden" not in str(faults(REDIS_URL="http://user:hidden@redis.example"))

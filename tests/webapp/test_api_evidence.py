"""What each answer says about itself, and what each instance counts."""

import re

import pytest
from sites import Site, Starts

pytestmark = pytest.mark.gen_test(timeout=30)

EVIDENCE = ("X-Instance", "Cache-Status", "Server-Timing")

# RFC 9211: a list (RFC 8941) of caches, each a token or string, with parameters.
_TOKEN = r"[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*"
_STRING = r'"[\x20-\x21\x23-\x5b\x5d-\x7e]*"'
_FORWARDED = "bypass|method|uri-miss|vary-miss|miss|request|stale|partial"
_PARAMETER = (
    rf";\s*(?:hit|stored|collapsed|fwd=(?:{_FORWARDED})|fwd-status=\d+|ttl=-?\d+"
    rf"|key={_STRING}|detail=(?:{_TOKEN}|{_STRING}))"
)
MEMBER = re.compile(rf"(?:{_TOKEN}|{_STRING})(?:{_PARAMETER})*")
TIMING = re.compile(rf"{_TOKEN}(?:;(?:dur=\d+(?:\.\d+)?|desc={_STRING}))*")

METRICS = {
    "hotseat_http_requests_total": {"route", "method", "status"},
    "hotseat_http_request_duration_seconds_count": {"route"},
    "hotseat_requests_in_flight": set(),
    "hotseat_cache_lookups_total": {"region", "tier", "result"},
    "hotseat_cache_entries": {"region"},
    "hotseat_cache_bytes": {"region"},
    "hotseat_cache_evictions_total": {"region", "reason"},
    "hotseat_cache_load_duration_seconds_count": {"region"},
    "hotseat_cache_loads_refused_total": {"region"},
    "hotseat_cache_invalidations_total": {"region", "reason"},
    "hotseat_cache_stale_served_total": {"region", "reason"},
    "hotseat_cache_garbage_total": {"region", "reason"},
    "hotseat_staleness_checks_total": {"region", "result"},
    "hotseat_staleness_nines": set(),
    "hotseat_link_state": {"state"},
    "hotseat_link_transitions_total": {"state"},
    "hotseat_link_round_trip_seconds_count": set(),
    "hotseat_link_backlog": set(),
    "hotseat_invalidation_lag_seconds_count": set(),
    "hotseat_affinity_total": {"outcome"},
    "hotseat_backend_calls_total": {"backend", "op", "result"},
    "hotseat_backend_call_duration_seconds_count": {"backend"},
    "hotseat_sessions_total": {"event"},
    "hotseat_idempotent_replays_total": set(),
    "hotseat_login_throttled_total": set(),
    "hotseat_jobs_total": {"job", "result"},
    "hotseat_backend_bytes_total": {"backend", "direction"},
    "hotseat_outage_state": {"backend"},
    "hotseat_queue_age_seconds": set(),
    "hotseat_drain_seconds": set(),
    "hotseat_preloaded_keys_total": set(),
    "hotseat_released_users_total": set(),
    "hotseat_event_loop_lag_seconds_count": set(),
    "hotseat_info": {"instance", "version", "sticky_mode", "hot_cache", "board_strategy"},
}


@pytest.mark.parametrize("path", ["/", "/board", "/people", "/settings", "/nothing", "/api/v1/me", "/api/v1/nothing"])
async def test_each_answer_names_its_instance_and_what_it_read(site: Site, path: str) -> None:
    """Pages and API, errors among them."""
    ada = await site.join()
    answer = await ada.browser.get(path)
    assert answer.headers["X-Instance"] == "web-1"
    for timing in answer.headers["Server-Timing"].split(", "):
        assert TIMING.fullmatch(timing), timing


async def test_cache_status_can_be_read_by_others(start: Starts) -> None:
    """As RFC 9211 writes it: a hit, or a miss that was forwarded, for each thing that was looked up."""
    site = await start(STICKY_MODE="on")
    ada = await site.join()
    found = []
    for _ in range(4):
        members = (await ada.browser.get("/api/v1/board")).headers.get_list("Cache-Status")
        assert all(MEMBER.fullmatch(member) for member in members), members
        found.append([member.split("; ", 1)[1] for member in members])
    assert found[0] == ['hit; detail="session-redis"', 'fwd=miss; detail="board-load"']
    assert found[-1] == ['hit; detail="session-hot"', 'hit; detail="board-hot"']


async def test_nothing_was_looked_up_for_a_visitor_without_a_session(site: Site) -> None:
    """So there is no Cache-Status."""
    assert "Cache-Status" not in (await site.browser().get("/api/v1/visits")).headers


async def test_evidence_can_be_hidden(start: Starts) -> None:
    """Headers and bar, on every kind of answer."""
    site = await start(EVIDENCE="off")
    ada = await site.join()
    for path in ("/", "/board", "/settings", "/nothing", "/api/v1/me", "/api/v1/board", "/api/v1/nothing", "/static/x"):
        answer = await ada.browser.get(path)
        assert [name for name in EVIDENCE if name in answer.headers] == [], path
        assert 'data-testid="evidence"' not in answer.text
        assert "web-1" not in answer.text


async def test_the_request_id_comes_back(site: Site) -> None:
    """The proxy's own if it looks like one, else a new one."""
    browser = site.browser()
    given = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert (await browser.get("/", headers={"X-Request-ID": given})).headers["X-Request-ID"] == given
    for forged in ("short", "x" * 65, "<script>alert(1)</script>"):
        answer = await browser.get("/api/v1/nothing", headers={"X-Request-ID": forged})
        assert answer.headers["X-Request-ID"] == answer.json["request_id"] != forged


async def test_metrics_have_the_names_of_the_contract(site: Site) -> None:
    """With their labels, from the first scrape on."""
    labels = {name: {label for label, _ in pairs} for name, pairs in site.series()}
    assert {name: labels.get(name) for name in METRICS} == METRICS


async def test_no_series_grows_with_what_clients_make_up(site: Site) -> None:
    """Paths, methods, handles and ids are never labels."""
    ada = await site.join()
    await ada.browser.get("/api/v1/board")
    before = site.series()
    for n in range(100):
        await ada.browser.get(f"/made/up/{n}")
    for n in range(10):
        await ada.browser.get(f"/api/v1/made/up/{n}")
        await ada.browser.get(f"/people/person_{n}")
        await ada.browser.get(f"/api/v1/cards/{n:024x}")
        await ada.browser.get(f"/static/{n}.css")
    assert site.series() - before == set()
    assert site.counted("hotseat_http_requests_total", route="unknown", status="4xx") == 100


async def test_methods_a_route_does_not_know_are_one_series(site: Site) -> None:
    """However many a client makes up."""
    ada = await site.join()
    before = site.series()
    for path in ("/", "/logout", "/board", "/nothing", "/media/x", "/api/v1/signup", "/api/v1/me", "/api/v1/nothing"):
        for method in ("BREW", "PROPFIND", "LOCK", "PATCH", "OPTIONS", "TRACE", "HEAD", "X" * 30):
            assert (await ada.browser.ask(method, path)).status in (200, 403, 404, 405), (method, path)
    assert site.series() - before == set()
    assert site.counted("hotseat_http_requests_total", route="api_me", method="OTHER", status="4xx") == 8


async def test_the_front_page_asks_the_session_store_nothing_without_a_cookie(site: Site) -> None:
    """One round trip counts the visit, one reads the cards; sessions are not looked up at all."""
    browser = site.browser()
    await browser.get("/")
    browser.cookies.clear()
    looked = site.counted("hotseat_cache_lookups_total", region="session")
    reads = site.counted("hotseat_backend_calls_total", backend="redis", op="read")
    counts = site.counted("hotseat_backend_calls_total", backend="redis", op="count")
    await browser.get("/")
    assert site.counted("hotseat_cache_lookups_total", region="session") == looked == 0
    assert site.counted("hotseat_backend_calls_total", backend="redis", op="read") - reads == 1  # the cards shown
    assert site.counted("hotseat_backend_calls_total", backend="redis", op="count") - counts == 1


async def test_visits_are_one_count_for_all_instances(start: Starts) -> None:
    """Pages and API add to the same one."""
    one, two = await start(), await start()
    browser = one.browser()
    assert (await browser.get("/api/v1/visits")).json == {"visits": 0}
    await browser.get("/")
    await browser.get("/", url=two.url)
    assert (await browser.post("/api/v1/visits", url=two.url)).json == {"visits": 3}
    assert (await browser.get("/api/v1/visits")).json == {"visits": 3}


async def test_affinity_is_counted_in_sticky_mode_only(start: Starts) -> None:
    """What HAProxy showed us, as an outcome; without stickiness the headers mean nothing."""
    for mode, counted in (("on", 1), ("off", 0)):
        site = await start(STICKY_MODE=mode)
        await site.browser().get("/api/v1/visits", headers={"X-Affinity": "made-up", "X-Slot": "web-1"})
        assert site.counted("hotseat_affinity_total", outcome="forged") == counted
        assert site.counted("hotseat_affinity_total") == counted

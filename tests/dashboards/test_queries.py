"""What the queries answer, asked of the real PromQL about histories whose answers are known."""

import pytest
from board_answers import Asker, Series

from dashboards.labels import chosen, web
from dashboards.queries import affinity, cost, happenings, link, modes, objectives, people, proxy, routes, tiers
from dashboards.queries.counting import added, rate, share

WEB = 'job="web", instance="web-1"'
MINUTES = 60


def _info(mode: str, version: str = "1", instance: str = "web-1") -> str:
    return f'hotseat_info{{job="web", instance="{instance}", sticky_mode="{mode}", version="{version}"}}'


# Ten minutes without stickiness, then ten with: first two calls to Redis per request, then half a one.
TOGGLED: Series = {
    _info("off"): "1x39 _x41",
    _info("on"): "_x40 1x40",
    f"hotseat_http_requests_total{{{WEB}}}": "0+30x80",
    f'hotseat_backend_calls_total{{{WEB}, backend="redis", op="read"}}': "0+60x40 2400+15x39",
    f'hotseat_backend_calls_total{{{WEB}, backend="redis", op="lease"}}': "0+999x80",
    f'hotseat_backend_calls_total{{{WEB}, backend="s3", op="read"}}': "0+999x80",
}


def test_both_modes_stand_side_by_side(asker: Asker) -> None:
    """Each over the stretch that it ran for; calls that no request made and those to others do not count."""
    both = {'{sticky_mode="on"}': 0.5, '{sticky_mode="off"}': 2}
    # The first minute in the new mode still shows something of the old one.
    all_along = f"round({cost.per_request_all_along(cost.REDIS_CALLS)}, 0.5)"
    assert asker.wrong(TOGGLED, 20 * MINUTES, all_along, both, looking_back=1200) == ""
    assert asker.wrong(TOGGLED, 9 * MINUTES, cost.per_request(cost.REDIS_CALLS), {'{sticky_mode="off"}': 2}) == ""
    assert asker.wrong(TOGGLED, 19 * MINUTES, cost.per_request(cost.REDIS_CALLS), {'{sticky_mode="on"}': 0.5}) == ""


def test_the_saving_is_one_number_and_there_is_none_until_both_modes_ran(asker: Asker) -> None:
    """A quarter of the calls is left: three quarters are saved."""
    query = cost.saved(cost.REDIS_CALLS)
    assert asker.wrong(TOGGLED, 20 * MINUTES, f"round({query}, 0.05)", {"{}": 0.7}, looking_back=1200) == ""
    assert asker.wrong(TOGGLED, 9 * MINUTES, query, {}, looking_back=1200) == ""


def test_the_saving_does_not_depend_on_the_mode_that_is_looked_at(asker: Asker) -> None:
    """It compares both, whichever the rest of the board shows."""
    query = cost.saved(cost.REDIS_CALLS)
    assert asker.wrong(TOGGLED, 20 * MINUTES, f"round({query}, 0.05)", {"{}": 0.7}, mode="on", looking_back=1200) == ""


def test_two_infos_of_one_process_do_no_harm(asker: Asker) -> None:
    """After a restart the former one is alive for some seconds; the one scraped last counts."""
    given = {
        _info("off", "1"): "1x40",
        _info("on", "2"): "_x41 1x40",
        f"hotseat_http_requests_total{{{WEB}}}": "0+30x80",
    }
    overlap = 42 * 15  # the former one is looked back at for five minutes
    requests = rate(web("hotseat_http_requests_total"))
    plain = f"{requests} * on (job, instance) group_left (sticky_mode) {chosen('hotseat_info')}"
    assert "duplicate series" in asker.wrong(given, overlap, plain, {})
    told = added(modes.told_apart(requests), "sticky_mode")
    assert asker.wrong(given, overlap, told, {'{sticky_mode="on"}': 2}) == ""
    assert asker.wrong(given, overlap, told, {}, mode="off") == ""


def test_the_mode_that_is_chosen_is_the_one_that_is_shown(asker: Asker) -> None:
    """Processes of the other mode do not count."""
    given = {
        _info("on"): "1x40",
        _info("off", instance="web-2"): "1x40",
        f'hotseat_http_requests_total{{{WEB}, status="2xx"}}': "0+30x40",
        'hotseat_http_requests_total{job="web", instance="web-2", status="2xx"}': "0+60x40",
    }
    assert asker.wrong(given, 5 * MINUTES, routes.requests(), {"{}": 6}) == ""
    assert asker.wrong(given, 5 * MINUTES, routes.requests(), {"{}": 2}, mode="on") == ""
    assert asker.wrong(given, 5 * MINUTES, routes.requests(), {"{}": 4}, mode="off") == ""
    assert asker.wrong(given, 5 * MINUTES, routes.imbalance(), {"{}": 1.333}) == ""


def test_no_requests_is_no_answer(asker: Asker) -> None:
    """0 of 0 is neither perfect nor broken."""
    given = {_info("on"): "1x40", f'hotseat_http_requests_total{{{WEB}, status="5xx"}}': "0x40"}
    assert asker.wrong(given, 5 * MINUTES, routes.failing_share(), {}) == ""
    assert asker.wrong({"part": "1x9", "whole": "4x9"}, 30, share("part", "whole"), {"{}": 0.25}) == ""


def test_a_request_now_and_then_says_nothing_of_its_cost(asker: Asker) -> None:
    """What a process does by itself would be all there is to see."""
    calls = f'hotseat_backend_calls_total{{{WEB}, backend="redis", op="read"}}'
    idle = {_info("on"): "1x40", f"hotseat_http_requests_total{{{WEB}}}": "0+6x40", calls: "0+60x40"}
    assert asker.wrong(idle, 5 * MINUTES, cost.per_request(cost.REDIS_CALLS), {}) == ""


def test_jobs_are_those_of_the_worker(asker: Asker) -> None:
    """Not the jobs of Prometheus, which renames the application's."""
    done = 'hotseat_jobs_total{job="worker", instance="worker-1", exported_job="sweep", result="ok"}'
    info = 'hotseat_info{job="worker", instance="worker-1", sticky_mode="on"}'
    told = {'{exported_job="sweep", result="ok"}': 0.2}
    assert asker.wrong({info: "1x40", done: "0+3x40"}, 5 * MINUTES, people.jobs(), told) == ""


def test_nothing_observed_has_no_quantile(asker: Asker) -> None:
    """It is no number, rather than one that is none."""
    bucket = f'hotseat_http_request_duration_seconds_bucket{{{WEB}, route="board", le='
    idle = {_info("on"): "1x40", f'{bucket}"0.1"}}': "5x40", f'{bucket}"+Inf"}}': "5x40"}
    assert asker.wrong(idle, 5 * MINUTES, routes.waiting(0.99), {}) == ""
    busy = {_info("on"): "1x40", f'{bucket}"0.1"}}': "0+5x40", f'{bucket}"+Inf"}}': "0+5x40"}
    assert asker.wrong(busy, 5 * MINUTES, routes.waiting(0.5), {"{}": 0.05}) == ""
    assert asker.wrong(busy, 5 * MINUTES, cost.waiting(0.5), {'{sticky_mode="on"}': 0.05}) == ""


def test_tiers_share_what_was_answered(asker: Asker) -> None:
    """A miss in memory is answered further down, and counts there."""
    lookups = f"hotseat_cache_lookups_total{{{WEB}, "
    given = {
        _info("on"): "1x40",
        f'{lookups}tier="hot", result="hit"}}': "0+60x40",
        f'{lookups}tier="hot", result="miss"}}': "0+40x40",
        f'{lookups}tier="redis", result="hit"}}': "0+30x40",
        f'{lookups}tier="redis", result="miss"}}': "0+10x40",
        f'{lookups}tier="load", result="hit"}}': "0+10x40",
    }
    for counter, expected in ((tiers.FROM_MEMORY, 0.6), (tiers.FROM_REDIS, 0.3), (tiers.MADE_ANEW, 0.1)):
        answered = tiers.answered(counter, modes.STICKY)
        assert asker.wrong(given, 5 * MINUTES, answered, {"{}": expected}) == ""
        assert asker.wrong(given, 5 * MINUTES, tiers.answered(counter, modes.STATELESS), {}) == ""
    assert asker.wrong(given, 5 * MINUTES, tiers.memory_hit_rate(), {'{instance="web-1"}': 0.6}) == ""


@pytest.mark.parametrize(
    ("fresh", "stale", "nines"), [(75, 0, 3), (75, 0.75, 2), (7.5, 0, 2), (0.04, 0, None), (0, 0, None)]
)
def test_nines_grow_with_the_checks_and_shrink_with_what_was_stale(
    asker: Asker, fresh: float, stale: float, nines: float | None
) -> None:
    """The rule of three: 3,000 checks of which none was stale give 3, thirty stale ones 2; two or none say nothing."""
    checks = f"hotseat_staleness_checks_total{{{WEB}, "
    given = {
        _info("on"): "1x60",
        f'{checks}result="fresh"}}': f"0+{fresh}x60",
        f'{checks}result="stale"}}': f"0+{stale}x60",
        f'{checks}result="unknown"}}': "0+500x60",
    }
    answer = {} if nines is None else {"{}": nines}
    assert asker.wrong(given, 14 * MINUTES, f"round({tiers.freshness_nines()}, 0.1)", answer) == ""


def _slot(server: str, state: str) -> str:
    return f'haproxy_server_status{{job="proxy", instance="haproxy", proxy="web", server="{server}", state="{state}"}}'


def _down(server: str) -> str:
    labels = f'job="proxy", instance="haproxy", proxy="web", server="{server}"'
    return f"haproxy_server_downtime_seconds_total{{{labels}}}"


# web-1 serves, web-2 is down for a while, web-3 is leaving, web-4 is a closed slot, which HAProxy counts as down.
SLOTS: Series = {
    **{_slot(f"web-{n}", state): "0x40" for n in range(1, 5) for state in ("UP", "DOWN", "MAINT", "DRAIN", "NOLB")},
    _slot("web-1", "UP"): "1x40",
    _slot("web-2", "UP"): "1x20 0x1 1x18",
    _slot("web-2", "DOWN"): "0x20 1x1 0x18",
    _slot("web-3", "NOLB"): "1x40",
    _slot("web-4", "MAINT"): "1x40",
    _down("web-1"): "0x40",
    _down("web-2"): "0x20 6 9x19",
    _down("web-3"): "0x40",
    _down("web-4"): "100+15x40",
}


def test_slots_are_shown_as_what_they_are(asker: Asker) -> None:
    """1 serves, 2 is leaving, 3 is down; closed ones are not shown."""
    later = {'{server="web-1"}': 1, '{server="web-2"}': 1, '{server="web-3"}': 2}
    assert asker.wrong(SLOTS, 21 * 15, proxy.states(), {**later, '{server="web-2"}': 3}) == ""
    assert asker.wrong(SLOTS, 30 * 15, proxy.states(), later) == ""
    assert asker.wrong(SLOTS, 30 * 15, proxy.up_share(), {"{}": 0.667}) == ""


def test_a_closed_slot_is_no_gap(asker: Asker) -> None:
    """HAProxy counts it as down all the time; only open ones matter."""
    seconds = {'{server="web-1"}': 0, '{server="web-2"}': 9, '{server="web-3"}': 0}
    rounded = f"round({proxy.down_seconds()}, 1)"
    assert asker.wrong(SLOTS, 36 * 15, rounded, seconds, looking_back=540) == ""
    assert asker.wrong(SLOTS, 36 * 15, f"{proxy.longest_gap_of_a_slot()} < bool 20", {"{}": 1}) == ""
    assert asker.wrong(SLOTS, 36 * 15, f"{proxy.longest_gap_of_a_slot()} > bool 5", {"{}": 1}) == ""


def test_links_have_a_state_where_there_is_one(asker: Asker) -> None:
    """A stateless process has none, and is not shown as anything."""
    state = f"hotseat_link_state{{{WEB}, "
    other = 'hotseat_link_state{job="web", instance="web-2", '
    given = {
        _info("on"): "1x40",
        _info("off", instance="web-2"): "1x40",
        f'{state}state="trusted"}}': "1x20 0x20",
        f'{state}state="lost"}}': "0x20 1x20",
        f'{other}state="trusted"}}': "0x40",
        f'{other}state="lost"}}': "0x40",
    }
    assert asker.wrong(given, 5 * 15, link.states(), {'{instance="web-1"}': 1}) == ""
    assert asker.wrong(given, 30 * 15, link.states(), {'{instance="web-1"}': 3}) == ""
    assert asker.wrong(given, 30 * 15, link.trusted_share(), {"{}": 0}) == ""


def test_moves_are_told_by_reason(asker: Asker) -> None:
    """Who stays, or is new, was not moved."""
    outcome = f"hotseat_affinity_total{{{WEB}, outcome="
    given = {
        _info("on"): "1x40",
        f'{outcome}"kept"}}': "0+90x40",
        f'{outcome}"new"}}': "0+5x40",
        f'{outcome}"moved_down"}}': "0+3x40",
        f'{outcome}"moved_drain"}}': "0+2x40",
    }
    shares = {'{outcome="kept"}': 0.9, '{outcome="new"}': 0.05, '{outcome="moved_down"}': 0.03}
    assert asker.wrong(given, 5 * MINUTES, affinity.outcomes(), {**shares, '{outcome="moved_drain"}': 0.02}) == ""
    moves = {'{outcome="moved_down"}': 0.2, '{outcome="moved_drain"}': 0.133}
    assert asker.wrong(given, 5 * MINUTES, affinity.moved(), moves) == ""
    assert asker.wrong(given, 10 * MINUTES, affinity.moved_in_all(), {"{}": 200}) == ""


@pytest.mark.parametrize(("long", "short", "both"), [(20, 3, 3), (2, 30, 2), (4, 4, 4)])
def test_a_budget_burns_as_fast_as_over_both_windows(asker: Asker, long: float, short: float, both: float) -> None:
    """An alert needs both; a bad hour that is over, and a bad minute, are neither."""
    fleet = 'job="hotseat", instance="fleet", slo="latency"'
    given = {f"slo:burn_rate:rate1h{{{fleet}}}": f"{long}x9", f"slo:burn_rate:rate5m{{{fleet}}}": f"{short}x9"}
    assert asker.wrong(given, 60, objectives.burn("1h", "5m"), {f"{{{fleet}}}": both}) == ""


STARTED = f"process_start_time_seconds{{{WEB}}}"


def test_a_kill_and_a_restart_are_marked_where_they_happened(asker: Asker) -> None:
    """The mark is the start of the process that came after, in milliseconds."""
    moment = {f"{{{WEB}}}": 123456000.0}
    for after, mark, other in (
        ("death", happenings.died(), happenings.restarted()),
        ("leaving", happenings.restarted(), happenings.died()),
    ):
        given = {STARTED: "123456x40", f'hotseat_begun{{{WEB}, after="{after}"}}': "1x40"}
        assert asker.wrong(given, 60, mark, moment) == ""
        assert asker.wrong(given, 60, other, {}) == ""


def test_a_toggle_is_one_and_a_deploy_is_another(asker: Asker) -> None:
    """Marked while it is news; the first start of a process is neither."""
    toggled = {STARTED: "123x40", _info("off"): "1x10 _x30", _info("on"): "_x11 1x30"}
    mark = {'{sticky_mode="on"}': 123000.0}
    assert asker.wrong(toggled, 12 * 15, happenings.toggled(), mark) == ""
    assert asker.wrong(toggled, 12 * 15, happenings.deployed(), {}) == ""
    assert asker.wrong(toggled, 30 * 15, happenings.toggled(), {}) == ""
    both = {STARTED: "123x40", _info("off", "1"): "1x10 _x30", _info("on", "2"): "_x11 1x30"}
    assert asker.wrong(both, 12 * 15, happenings.toggled(), mark) == ""
    assert asker.wrong(both, 12 * 15, happenings.deployed(), {}) == ""
    deployed = {STARTED: "123x40", _info("on", "1"): "1x10 _x30", _info("on", "2"): "_x11 1x30"}
    assert asker.wrong(deployed, 12 * 15, happenings.deployed(), {'{version="2"}': 123000.0}) == ""
    assert asker.wrong(deployed, 12 * 15, happenings.toggled(), {}) == ""
    begun = {STARTED: "123x40", _info("on"): "_x11 1x30"}
    assert asker.wrong(begun, 12 * 15, happenings.toggled(), {}) == ""
    assert asker.wrong(begun, 12 * 15, happenings.deployed(), {}) == ""


def test_a_slot_that_is_leaving_does_not_die(asker: Asker) -> None:
    """HAProxy counts both as a fall; only one that came from nowhere is marked."""
    fell = 'haproxy_server_check_up_down_total{job="proxy", instance="haproxy", proxy="web", server='
    given = {
        f'{fell}"web-1"}}': "0x10 1x30",
        f'{fell}"web-2"}}': "0x10 1x30",
        _slot("web-1", "NOLB"): "0x40",
        _slot("web-2", "NOLB"): "0x8 1x3 0x29",
    }
    assert asker.wrong(given, 12 * 15, f"{happenings.unreachable()} > bool 0", {'{server="web-1"}': 1}) == ""
    assert asker.wrong(given, 30 * 15, happenings.unreachable(), {}) == ""

"""What is planned, and what is normal, tells nobody anything."""

from collections.abc import Mapping

from ruled import EVERY_SECONDS, Promtool, Trial

from dashboards.rules import ALERTS, RECORDING

MINUTES = 40
SAMPLES = MINUTES * 60 // EVERY_SECONDS
PROXY = 'job="proxy",instance="haproxy"'
WORKER = 'job="worker",instance="worker-1"'
Parts = Mapping[str, str]


def web(slot: int, mode: str = "on", *, samples: int = SAMPLES, restarted_at: int | None = None) -> dict[str, str]:
    """A web process, well and busy: 20 requests a second, eight in ten board reads from its memory."""
    labels = f'job="web",instance="web-{slot}"'

    def grows(by: float) -> str:
        if restarted_at is None:
            return f"0+{by}x{samples}"
        return f"0+{by}x{restarted_at} 0+{by}x{samples - restarted_at}"

    born = f"100x{samples}" if restarted_at is None else f"100x{restarted_at} 900x{samples - restarted_at}"
    lookups = f'hotseat_cache_lookups_total{{{labels},region="board",tier="hot",result='
    timed = f'hotseat_http_request_duration_seconds_%s{{{labels},route="board"%s}}'
    info = f'hotseat_info{{{labels},exported_instance="web-{slot}",hot_cache="{mode}",board_strategy="hot",sticky_mode='
    return {
        f"up{{{labels}}}": f"1x{samples}",
        f"process_start_time_seconds{{{labels}}}": born,
        f"process_cpu_seconds_total{{{labels}}}": grows(3),
        f'{info}"{mode}"}}': f"1x{samples}",
        f'hotseat_http_requests_total{{{labels},route="board",method="GET",status="2xx"}}': grows(300),
        f'hotseat_http_requests_total{{{labels},route="board",method="GET",status="5xx"}}': f"0x{samples}",
        timed % ("count", ""): grows(300),
        timed % ("bucket", ',le="0.25"'): grows(299),
        timed % ("bucket", ',le="+Inf"'): grows(300),
        f'{lookups}"hit"}}': grows(240),
        f'{lookups}"miss"}}': grows(60),
        f'hotseat_staleness_checks_total{{{labels},region="board",result="fresh"}}': grows(30),
        f'hotseat_staleness_checks_total{{{labels},region="board",result="stale"}}': f"0x{samples}",
        f'hotseat_link_state{{{labels},state="trusted"}}': f"1x{samples}",
        f'hotseat_link_state{{{labels},state="lost"}}': f"0x{samples}",
        f'hotseat_link_state{{{labels},state="off"}}': f"0x{samples}",
        f'hotseat_link_transitions_total{{{labels},state="lost"}}': f"1x{samples}",
        f'hotseat_link_canaries_total{{{labels},result="missed"}}': f"0x{samples}",
        f'hotseat_outage_state{{{labels},backend="redis"}}': f"0x{samples}",
        f"hotseat_users{{{labels}}}": f"20x{samples}",
        f"hotseat_drain_seconds{{{labels}}}": f"0x{samples}",
        f"hotseat_drain_limit_seconds{{{labels}}}": f"25x{samples}",
        f'hotseat_event_loop_lag_seconds_bucket{{{labels},le="0.25"}}': grows(150),
        f'hotseat_event_loop_lag_seconds_bucket{{{labels},le="+Inf"}}': grows(150),
    }


def slot(number: int, **states: str) -> dict[str, str]:
    """What HAProxy says of a slot."""
    series = f'haproxy_server_status{{{PROXY},proxy="web",server="web-{number}",state="%s"}}'
    return {series % state: states.get(state, f"0x{SAMPLES}") for state in ("UP", "DOWN", "MAINT", "NOLB")}


def front(ok: str, failed: str) -> dict[str, str]:
    answers = f'haproxy_frontend_http_responses_total{{{PROXY},proxy="front",code="%s"}}'
    return {f"up{{{PROXY}}}": f"1x{SAMPLES}", answers % "2xx": ok, answers % "5xx": failed}


REST = {
    f"up{{{WORKER}}}": f"1x{SAMPLES}",
    f"process_start_time_seconds{{{WORKER}}}": f"100x{SAMPLES}",
    f"hotseat_queue_age_seconds{{{WORKER}}}": f"0x30 0+15x5 0x{SAMPLES - 37}",
}
BUSY = front(f"0+900x{SAMPLES}", f"0x{SAMPLES}")
IN_SERVICE = {**slot(1, UP=f"1x{SAMPLES}"), **slot(2, UP=f"1x{SAMPLES}"), **slot(3, UP=f"1x{SAMPLES}")}
CLOSED = slot(4, MAINT=f"1x{SAMPLES}")


def nothing_fires(promtool: Promtool, name: str, *parts: Parts) -> None:
    """At any time of the history."""
    trial = Trial(name, {series: values for part in parts for series, values in part.items()})
    for at in range(0, MINUTES * 60 + 1, 600):
        # Nothing that is there is absent, whatever else the history ends with.
        trial.gives(at, 'count_over_time(ALERTS{alertstate="firing"}[11m])', {})
    promtool.try_out((*RECORDING, *ALERTS), trial)


def test_a_healthy_fleet_is_quiet(promtool: Promtool) -> None:
    """Forty minutes of work in sticky mode, in which an export waits for a minute."""
    nothing_fires(promtool, "healthy", web(1), web(2), web(3), BUSY, IN_SERVICE, CLOSED, REST)


def test_stateless_processes_have_no_link_and_that_is_fine(promtool: Promtool) -> None:
    """All four states are 0, nobody looks anything up in memory, and nobody misses it."""
    webs = [web(number, "off") for number in (1, 2, 3)]
    for one in webs:
        for series in list(one):
            if "link_state" in series or 'tier="hot"' in series:
                one[series] = f"0x{SAMPLES}"
    nothing_fires(promtool, "stateless", *webs, BUSY, IN_SERVICE, CLOSED, REST)


def test_a_rolling_restart_is_quiet(promtool: Promtool) -> None:
    """Each instance once, within minutes; counters begin anew, the slots stay open."""
    webs = [web(number, restarted_at=60 + 8 * number) for number in (1, 2, 3)]
    nothing_fires(promtool, "rolling", *webs, BUSY, IN_SERVICE, CLOSED, REST)


def test_a_drain_is_quiet(promtool: Promtool) -> None:
    """web-3 leaves for 25 s: nobody new, then down, then its slot is closed; it is scraped for, and not there."""
    left, rest = 80, SAMPLES - 80
    leaving = {series: f"{values.split('x')[0]}x{left} stale" for series, values in web(3).items()}
    leaving['up{job="web",instance="web-3"}'] = f"1x{left} 0x{rest}"
    leaving['hotseat_drain_seconds{job="web",instance="web-3"}'] = f"0x{left - 2} 10 25 stale"
    closing = slot(3, UP=f"1x{left - 2} 0x{rest}", NOLB=f"0x{left - 2} 1 0x{rest}", DOWN=f"0x{left - 1} 1 0x{rest}")
    closing |= {series: f"0x{left} 1x{rest}" for series in closing if 'state="MAINT"' in series}
    nothing_fires(promtool, "drain", web(1), web(2), leaving, BUSY, IN_SERVICE, CLOSED, closing, REST)


def test_one_request_that_fails_at_night_is_quiet(promtool: Promtool) -> None:
    """Forty requests in forty minutes, nine failed, ten slow: a ratio, but no number, to wake somebody for."""
    night = front("0 0 0 0 0 0 0 0 1 1 1 1 2 2 2 2 3x10 6x10 20x40 31x160", f"0x40 1x20 4x40 9x{SAMPLES}")
    slow = 'hotseat_http_request_duration_seconds_%s{job="web",instance="web-1",route="board"%s}'
    timed = {
        slow % ("count", ""): f"0x40 20x30 40x{SAMPLES}",
        slow % ("bucket", ',le="0.25"'): f"0x40 15x30 30x{SAMPLES}",
    }
    nothing_fires(promtool, "night", web(1) | timed, web(2), web(3), night, IN_SERVICE, CLOSED, REST)


def test_a_kill_is_quiet(promtool: Promtool) -> None:
    """The supervisor has it back before anybody has to hear of it."""
    killed = web(2, restarted_at=100)
    killed['up{job="web",instance="web-2"}'] = f"1x99 0x1 1x{SAMPLES - 101}"
    down = slot(2, UP=f"1x99 0 1x{SAMPLES - 101}", DOWN=f"0x99 1 0x{SAMPLES - 101}")
    nothing_fires(promtool, "kill", web(1), killed, web(3), BUSY, IN_SERVICE, CLOSED, down, REST)


def test_something_can_be_told_in_such_a_history(promtool: Promtool) -> None:
    """The histories above would show an alert: this one, without a worker, has one."""
    trial = Trial("no worker", {**web(1), **BUSY, **IN_SERVICE})
    trial.gives(600, 'count by (alertname) (ALERTS{alertstate="firing"})', {'{alertname="TargetsMissing"}': 1})
    trial.gives(
        600,
        "fleet:alerts_firing:info",
        {'fleet:alerts_firing:info{alertname="TargetsMissing",severity="ticket",job="hotseat",instance="fleet"}': 1},
    )
    promtool.try_out((*RECORDING, *ALERTS), trial)

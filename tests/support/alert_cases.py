"""For each symptom: a history in which it is there and ends, and one that stays just below what anybody is told of.

Samples are 15 s apart. Counters grow by what is given per 15 s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruled import Series

WEB_1 = 'job="web",instance="web-1"'
WEB_2 = 'job="web",instance="web-2"'
WORKER = 'job="worker",instance="worker-1"'
PROXY = 'job="proxy",instance="haproxy"'
INFO = 'hot_cache="on",board_strategy="hot"'


@dataclass(frozen=True)
class Case:
    """`series` fire first at `fires`, in seconds, and last at `fires_last`; `quiet` never do.

    `says` is the summary; `labels` are what the alert carries beside its name and severity.
    """

    alert: str
    series: Series
    fires: int
    fires_last: int
    quiet: Series
    says: str
    severity: str = "ticket"
    labels: Mapping[str, str] = field(default_factory=dict)
    also: tuple[Series, ...] = ()  # more histories that are quiet


def _slot(slot: str, **states: str) -> dict[str, str]:
    """HAProxy's word on one slot; states that are not given are 0 throughout."""
    every = {state: states.get(state, "0x200") for state in ("UP", "DOWN", "MAINT", "DRAIN", "NOLB")}
    return {
        f'haproxy_server_status{{{PROXY},proxy="web",server="{slot}",state="{state}"}}': values
        for state, values in every.items()
    }


def _lookups(hits: str, misses: str) -> dict[str, str]:
    labels = f'{WEB_1},region="board",tier="hot"'
    return {
        f'hotseat_info{{{WEB_1},exported_instance="web-1",sticky_mode="on",{INFO}}}': "1x1000",
        f'hotseat_cache_lookups_total{{{labels},result="hit"}}': hits,
        f'hotseat_cache_lookups_total{{{labels},result="miss"}}': misses,
    }


def _lag(late: str, all_of_them: str) -> dict[str, str]:
    """How often the loop woke at most 0.25 s late, and how often it woke."""
    name = f"hotseat_event_loop_lag_seconds_bucket{{{WEB_1},le="
    return {f'{name}"0.25"}}': late, f'{name}"0.5"}}': all_of_them, f'{name}"+Inf"}}': all_of_them}


FLEET = (
    Case(
        alert="ProxyMissing",
        series={f"up{{{PROXY}}}": "1x4 0x8 1x10"},
        fires=135,
        fires_last=195,
        quiet={f"up{{{PROXY}}}": "1x4 0x3 1x20"},  # four scrapes missed
        says="haproxy does not answer: nobody gets in.",
        severity="page",
        labels={"instance": "haproxy"},
    ),
    Case(
        alert="MostInstancesMissing",
        series={
            **_slot("web-1", UP="1x40"),
            **_slot("web-2", UP="1x4 0x9 1x20", DOWN="0x4 1x9 0x20"),
            **_slot("web-3", UP="1x4 0x9 1x20", DOWN="0x4 1x9 0x20"),
            **_slot("web-4", MAINT="1x40"),
        },
        fires=135,
        fires_last=210,
        quiet={  # half of them
            **_slot("web-1", UP="1x40"),
            **_slot("web-2", DOWN="1x40"),
            **_slot("web-4", MAINT="1x40"),
        },
        says="Only 1 of the web processes answer HAProxy.",
        severity="page",
        also=({**_slot("web-1", UP="1x40"), **_slot("web-4", MAINT="1x40"), **_slot("web-5", MAINT="1x40")},),
    ),
    Case(
        alert="InstanceMissing",
        series={**_slot("web-2", UP="1x4 0x9 1x20", DOWN="0x4 1x9 0x20"), f"up{{{WEB_2}}}": "1x40"},
        fires=135,
        fires_last=210,
        quiet={**_slot("web-2", UP="1x4 0x3 1x30", DOWN="0x4 1x3 0x30"), f"up{{{WEB_2}}}": "1x4 0x3 1x30"},
        says="web-2 should serve and does not.",
        labels={"instance": "web-2"},
        also=(
            # Drained: not there, and not meant to be.
            {**_slot("web-2", UP="1x4 0x40", NOLB="0x4 1x1 0x30", MAINT="0x6 1x40"), f"up{{{WEB_2}}}": "1x5 0x40"},
        ),
    ),
    Case(
        alert="InstanceMissing",
        series={**_slot("web-2", UP="1x40"), f"up{{{WEB_2}}}": "1x4 0x9 1x20"},
        fires=135,
        fires_last=210,
        quiet={**_slot("web-2", MAINT="1x40"), f"up{{{WEB_2}}}": "0x40"},
        says="web-2 should serve and does not.",
        labels={"instance": "web-2"},
    ),
    Case(
        alert="InstanceRestarts",
        series={f"process_start_time_seconds{{{WEB_1}}}": "100x8 200x8 300x8 400x8 500x4 600x2 700x90"},
        fires=660,
        fires_last=1020,
        quiet={f"process_start_time_seconds{{{WEB_1}}}": "100x8 200x8 300x8 400x8 500x4 600x90"},
        says="web-1 was started 6 times within 15 minutes.",
        labels={"job": "web", "instance": "web-1"},
    ),
    Case(
        alert="InstanceRestarts",
        series={f"process_start_time_seconds{{{WORKER}}}": "100x8 200x8 300x8 400x8 500x4 600x2 700x90"},
        fires=660,
        fires_last=1020,
        quiet={f"process_start_time_seconds{{{PROXY}}}": "100x8 200x8 300x8 400x8 500x4 600x2 700x90"},
        says="worker-1 was started 6 times within 15 minutes.",
        labels={"job": "worker", "instance": "worker-1"},
    ),
    Case(
        alert="WorkerMissing",
        series={f"up{{{WORKER}}}": "1x4 0x12 1x10"},
        fires=195,
        fires_last=255,
        quiet={f"up{{{WORKER}}}": "1x4 0x7 1x20"},
        says="worker-1 does not answer.",
        labels={"instance": "worker-1"},
    ),
    Case(
        alert="TargetsMissing",
        series={f"up{{{WEB_1}}}": "1x60", f"up{{{PROXY}}}": "1x60", f"up{{{WORKER}}}": "1x4 stale _x29 1x20"},
        fires=375,
        fires_last=510,
        quiet={f"up{{{WEB_1}}}": "1x800", f"up{{{PROXY}}}": "1x800", f"up{{{WORKER}}}": "1x4 stale _x18 1x800"},
        says="Prometheus knows no process of the kind worker.",
        labels={"job": "worker"},
    ),
    Case(
        alert="DrainOverdue",
        series={
            f"hotseat_drain_seconds{{{WEB_1}}}": "0x4 12 27 stale _x20",
            f"hotseat_drain_limit_seconds{{{WEB_1}}}": "25x6 stale _x20",
        },
        fires=90,
        fires_last=210,
        quiet={
            f"hotseat_drain_seconds{{{WEB_1}}}": "0x4 12 26 stale _x20",
            f"hotseat_drain_limit_seconds{{{WEB_1}}}": "25x6 stale _x20",
        },
        says="web-1 has been leaving for 27 s, longer than it may.",
        labels={"job": "web", "instance": "web-1"},
    ),
    Case(
        alert="UsersUneven",
        series={f"hotseat_users{{{WEB_1}}}": "10x4 23x44 10x10", f"hotseat_users{{{WEB_2}}}": "7x60"},
        fires=675,
        fires_last=735,
        quiet={f"hotseat_users{{{WEB_1}}}": "10x4 30x60", f"hotseat_users{{{WEB_2}}}": "10x70"},
        says="web-1 holds 1.5 times as many people as the mean.",
        labels={"job": "web", "instance": "web-1"},
        also=(
            {f"hotseat_users{{{WEB_1}}}": "28x60", f"hotseat_users{{{WEB_2}}}": "1x60"},  # 29 people
            {f"hotseat_users{{{WEB_1}}}": "10x4 32x39 10x20", f"hotseat_users{{{WEB_2}}}": "10x70"},  # not long
        ),
    ),
    Case(
        alert="EventLoopLags",
        series=_lag("0+9898x50 494900+10000x40", "0+10000x90"),
        fires=315,
        fires_last=1050,
        quiet=_lag("0+9901x90", "0+10000x90"),
        says="web-1 wakes up 0.25 s late.",
        labels={"job": "web", "instance": "web-1"},
    ),
)

HOT = (
    Case(
        alert="StaleHotRead",
        series={f'hotseat_staleness_checks_total{{{WEB_1},region="board",result="stale"}}': "0x4 1x260"},
        fires=75,
        fires_last=3660,
        quiet={f'hotseat_staleness_checks_total{{{WEB_1},region="board",result="overtaken"}}': "0x4 9x260"},
        says="An old board was answered from memory for longer than promised.",
        labels={"region": "board"},
    ),
    Case(
        alert="LinkLost",
        series={
            f'hotseat_link_state{{{WEB_1},state="trusted"}}': "1x4 0x9 1x10",
            f'hotseat_link_state{{{WEB_1},state="suspect"}}': "0x4 1x1 0x20",
            f'hotseat_link_state{{{WEB_1},state="lost"}}': "0x6 1x7 0x10",
        },
        fires=135,
        fires_last=210,
        quiet={
            f'hotseat_link_state{{{WEB_1},state="trusted"}}': "1x4 0x3 1x20",
            f'hotseat_link_state{{{WEB_1},state="lost"}}': "0x4 1x3 0x20",
        },
        says="web-1 does not trust its hot copies.",
        labels={"job": "web", "instance": "web-1"},
        also=({f'hotseat_link_state{{{WEB_1},state="{state}"}}': "0x40" for state in ("trusted", "suspect", "lost")},),
    ),
    Case(
        alert="LinkUnsteady",
        series={
            f'hotseat_link_transitions_total{{{WEB_1},state="suspect"}}': "1x4 4x104",
            f'hotseat_link_transitions_total{{{WEB_1},state="lost"}}': "1x9 4x100",
        },
        fires=150,
        fires_last=960,
        quiet={f'hotseat_link_transitions_total{{{WEB_1},state="suspect"}}': "1x70 3x4 6x100"},
        says="web-1 lost its trust in hot copies 6 times in 15 minutes.",
        labels={"job": "web", "instance": "web-1"},
    ),
    Case(
        alert="CanaryFailed",
        series={f'hotseat_link_canaries_total{{{WEB_1},result="missed"}}': "0x4 1x100"},
        fires=75,
        fires_last=960,
        quiet={
            f'hotseat_link_canaries_total{{{WEB_1},result="missed"}}': "1x100",
            f'hotseat_link_canaries_total{{{WEB_1},result="landed"}}': "0+30x100",
        },
        says="web-1 was not told of a change it asked to be told of.",
        labels={"job": "web", "instance": "web-1"},
    ),
    Case(
        alert="TrackingRefused",
        series={f'hotseat_link_state{{{WEB_1},state="off"}}': "0x4 1x12 0x10"},
        fires=195,
        fires_last=255,
        quiet={f'hotseat_link_state{{{WEB_1},state="off"}}': "0x4 1x7 0x10"},
        says="web-1 keeps no hot copies: this Redis does not track.",
        labels={"job": "web", "instance": "web-1"},
    ),
    Case(
        alert="HitRateFallen",
        # An hour and a half of 80 %, then half an hour of 59 %.
        series=_lookups("0+80x480 38400+59x120 45480+80x60", "0+20x480 9600+41x120 14520+20x60"),
        fires=8400,
        fires_last=9030,
        quiet=_lookups("0+80x480 38400+61x240", "0+20x480 9600+39x240"),
        says="Hot copies answer 59% of lookups, a quarter less than they used to.",
        labels={"sticky_mode": "on"},
        also=(
            # Too few lookups to say anything: 0.9 a second.
            _lookups("0+11x480 5280+7x240", "0+2.5x480 1200+6.5x240"),
            # Fifty minutes of history.
            _lookups("0+80x200 16000+50x120", "0+20x200 4000+50x120"),
        ),
    ),
)


def _away(store: str) -> Case:
    away = f'hotseat_outage_state{{{WEB_1},backend="{store}"}}'
    return Case(
        alert="BackendAway",
        series={away: "0x4 1x8 0x10"},
        fires=135,
        fires_last=195,
        quiet={away: "0x4 1x3 0x10"},
        says=f"{store} is away for the application.",
        severity="page",
        labels={"backend": store},
    )


def _refuses(code: str) -> Case:
    refused = f'hotseat_redis_refusals_total{{{WEB_1},code="%s"}}'
    return Case(
        alert="RedisRefuses",
        series={refused % code: "0x4 0+1x30 30x30"},
        fires=225,
        fires_last=555,
        quiet={refused % code: "0x4 5x40", refused % "other": "0+9x40"},
        says=f"Redis answers and refuses to write ({code}).",
        severity="page",
        labels={"code": code},
    )


STORES = (
    _away("redis"),
    _away("mongodb"),
    *map(_refuses, ("OOM", "MISCONF", "READONLY", "NOREPLICAS")),
    Case(
        alert="BackendAway",
        series={f'hotseat_outage_state{{{WEB_1},backend="s3"}}': "0x4 1x24 0x10"},
        fires=375,
        fires_last=435,
        quiet={f'hotseat_outage_state{{{WEB_1},backend="s3"}}': "0x4 1x19 0x10"},
        says="s3 is away for the application.",
        labels={"backend": "s3"},
    ),
    Case(
        alert="LinkBacklog",
        series={f"hotseat_link_backlog{{{WEB_1}}}": "10x4 2049x8 10x10"},
        fires=135,
        fires_last=195,
        quiet={f"hotseat_link_backlog{{{WEB_1}}}": "10x4 2048x20"},
        says="2049 calls of web-1 wait for Redis.",
        labels={"job": "web", "instance": "web-1"},
    ),
    Case(
        alert="QueueOld",
        series={f"hotseat_queue_age_seconds{{{WORKER}}}": "0+15x26 0x10"},
        fires=375,
        fires_last=390,
        quiet={f"hotseat_queue_age_seconds{{{WORKER}}}": "300x40"},
        says="Somebody has been waiting for an export for 6m 15s.",
    ),
    Case(
        alert="JobsFail",
        series={f'hotseat_jobs_total{{{WORKER},exported_job="export",result="error"}}': "0x4 2x4 4x300"},
        fires=150,
        fires_last=3660,
        quiet={f'hotseat_jobs_total{{{WORKER},exported_job="export",result="error"}}': "0x4 1x4 3x300"},
        says="The job export failed 4 times within an hour.",
        labels={"exported_job": "export"},
    ),
)

CASES = (*FLEET, *HOT, *STORES)

"""Processes: those that are not there, do not stay, do not leave, or do not get on."""

from dashboards.rules.jobs import APPLICATION, PROXY, SLOTS, WEB, WORKER
from dashboards.rules.rule import Alert


def _slots(state: str) -> str:
    """1 for each slot in this state, by the name of its instance."""
    found = f'haproxy_server_status{{{SLOTS}, state="{state}"}}'
    return f'max by (instance) (label_replace({found}, "instance", "$1", "server", "(.+)"))'


FLEET = (
    Alert(
        alert="ProxyMissing",
        expr=f"max by (instance) (up{{{PROXY}}}) == 0",
        lasts="1m",
        severity="page",
        summary="{{ $labels.instance }} does not answer: nobody gets in.",
        description="HAProxy has not answered Prometheus for a minute. It is the only door; behind it all may be well.",
    ),
    Alert(
        alert="MostInstancesMissing",
        expr="proxy:hotseat_slots_up:count < proxy:hotseat_slots_open:count / 2",
        lasts="1m",
        severity="page",
        summary="Only {{ $value }} of the web processes answer HAProxy.",
        description=(
            "More than half of the open slots have no server that answers its checks. "
            "Those that are left carry all the load; with none left people get 503."
        ),
    ),
    Alert(
        alert="InstanceMissing",
        # One that was drained is still scraped for, and its slot is closed.
        expr=f"""
{_slots("DOWN")} == 1
or
max by (instance) (up{{{WEB}}}) == 0
  unless on (instance) {_slots("MAINT")} == 1""",
        lasts="1m",
        severity="ticket",
        summary="{{ $labels.instance }} should serve and does not.",
        description=(
            "Its slot is open, and it has not answered HAProxy's checks, or Prometheus, for a minute. A killed process "
            "is back within seconds, so this one hangs, cannot start, or was stopped without being drained."
        ),
    ),
    Alert(
        alert="InstanceRestarts",
        # Whoever rolls out, goes back and toggles the mode restarts each process several times.
        expr=f"changes(process_start_time_seconds{{{APPLICATION}}}[15m]) > 5",
        lasts="0s",
        severity="ticket",
        summary="{{ $labels.instance }} was started {{ $value }} times within 15 minutes.",
        description="It dies again and again, or somebody restarts it again and again. Its hot copies go each time.",
    ),
    Alert(
        alert="WorkerMissing",
        expr=f"max by (instance) (up{{{WORKER}}}) == 0",
        lasts="2m",
        severity="ticket",
        summary="{{ $labels.instance }} does not answer.",
        description="Exports wait, nothing is swept, and with BOARD_STRATEGY=denormalised boards are not kept ready.",
    ),
    Alert(
        alert="TargetsMissing",
        expr=f"absent(up{{{WEB}}})\nor\nabsent(up{{{WORKER}}})\nor\nabsent(up{{{PROXY}}})",
        lasts="5m",
        severity="ticket",
        summary="Prometheus knows no process of the kind {{ $labels.job }}.",
        description="Nothing of that kind is scraped, so whatever happens to it, no other alert will tell.",
    ),
    Alert(
        alert="DrainOverdue",
        # Whoever is still there then is killed seconds later, so what was seen last is looked at for a while.
        expr=f"""
max_over_time(hotseat_drain_seconds{{{WEB}}}[2m])
  > on (job, instance)
max_over_time(hotseat_drain_limit_seconds{{{WEB}}}[2m]) + 1""",
        lasts="0s",
        severity="ticket",
        summary='{{ $labels.instance }} has been leaving for {{ $value | printf "%.0f" }} s, longer than it may.',
        description=(
            "It was told to leave and has not ended within DRAIN_SECONDS. Its supervisor kills it soon after, and what "
            "it was still answering is lost."
        ),
    ),
    Alert(
        alert="UsersUneven",
        expr=f"instance:hotseat_users:ratio_of_mean > 1.5\n  and on () sum(hotseat_users{{{WEB}}}) >= 30",
        lasts="10m",
        severity="ticket",
        summary='{{ $labels.instance }} holds {{ $value | printf "%.1f" }} times as many people as the mean.',
        description=(
            "Rebalancing takes people from an instance with more than a fifth above the mean, and has not managed to "
            "for ten minutes."
        ),
    ),
    Alert(
        alert="EventLoopLags",
        expr=f"""
histogram_quantile(0.99,
  sum by (job, instance, le) (rate(hotseat_event_loop_lag_seconds_bucket{{{WEB}}}[5m]))
) > 0.25""",
        lasts="5m",
        severity="ticket",
        summary='{{ $labels.instance }} wakes up {{ $value | printf "%.2f" }} s late.',
        description="One turn in a hundred of its event loop begins that late, and every request it has waits as long.",
    ),
)

"""The backing services, as the application sees them, and the work that waits for them."""

from dashboards.rules.jobs import WEB, WORKER
from dashboards.rules.rule import Alert

_AWAY = "{{ $labels.backend }} is away for the application."

STORES = (
    Alert(
        alert="BackendAway",
        expr=f'max by (backend) (hotseat_outage_state{{{WEB}, backend=~"redis|mongodb"}}) == 1',
        lasts="1m",
        severity="page",
        summary=_AWAY,
        description=(
            "At least one web process has had no sign of life from it for a minute. What is answered meanwhile is in "
            "docs/outages.md: reads partly, writes not."
        ),
    ),
    Alert(
        alert="BackendAway",
        expr=f'max by (backend) (hotseat_outage_state{{{WEB}, backend="s3"}}) == 1',
        lasts="5m",
        severity="ticket",
        summary=_AWAY,
        description="Pictures are missing and none can be sent, exports wait; everything else is served.",
    ),
    Alert(
        alert="RedisRefuses",
        expr=f"""
sum by (code) (
  increase(hotseat_redis_refusals_total{{{WEB}, code=~"OOM|MISCONF|READONLY|NOREPLICAS"}}[2m])
) > 5""",
        lasts="1m",
        severity="page",
        summary="Redis answers and refuses to write ({{ $labels.code }}).",
        description="Reads are served. Nobody can log in, send or change anything: writes get 503.",
    ),
    Alert(
        alert="LinkBacklog",
        expr=f"max by (job, instance) (hotseat_link_backlog{{{WEB}}}) > 2048",
        lasts="1m",
        severity="ticket",
        summary="{{ $value }} calls of {{ $labels.instance }} wait for Redis.",
        description="Redis, or the way to it, is slower than what is asked of it. Beyond 8,192 calls are refused.",
    ),
    Alert(
        alert="QueueOld",
        expr=f"max(hotseat_queue_age_seconds{{{WORKER}}}) > 300",
        lasts="1m",
        severity="ticket",
        summary="Somebody has been waiting for an export for {{ $value | humanizeDuration }}.",
        description="An export takes seconds. The worker is busy, stuck, or has nowhere to put it.",
    ),
    Alert(
        alert="JobsFail",
        expr=f'sum by (exported_job) (increase(hotseat_jobs_total{{{WORKER}, result="error"}}[1h])) > 3',
        lasts="0s",
        severity="ticket",
        summary='The job {{ $labels.exported_job }} failed {{ $value | printf "%.0f" }} times within an hour.',
        description="It is tried again by itself; what it should have done is not done.",
    ),
)

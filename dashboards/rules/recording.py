"""What dashboards ask for often, or what alerts compare with its own past: by mode, by instance, by route, by slot.

The mode is that of the process now. Within five minutes of a change of mode a rate holds requests of both.
"""

from dashboards.rules.jobs import APPLICATION, OF_THE_FLEET, SLOTS, TIMED, WEB
from dashboards.rules.rule import Record

# Nobody's request: heartbeats, the staleness meter, the fleet's pulse, manifests and what is preloaded from them, and
# what the worker asks Redis about itself.
OWN_OPERATIONS = "lease|check|fleet|handover|info"


def _by_mode(expr: str, *labels: str) -> str:
    """`expr`, which has job and instance, summed by the mode its process is in, and by `labels`."""
    kept = ", ".join(("sticky_mode", *labels))
    each = ", ".join(("job", "instance", *labels))
    return (
        f"sum by ({kept}) (\n"
        f"  sum by ({each}) ({expr})\n"
        "    * on (job, instance) group_left (sticky_mode) instance:hotseat_mode:info\n"
        ")"
    )


def _quantile(quantile: str) -> str:
    buckets = _by_mode(f"rate(hotseat_http_request_duration_seconds_bucket{{{TIMED}}}[5m])", "le")
    return f"histogram_quantile({quantile}, {buckets})"


_LOOKUPS = f"rate(hotseat_cache_lookups_total{{{WEB}}}[5m])"
_HOT_LOOKUPS = f'rate(hotseat_cache_lookups_total{{{WEB}, tier="hot"}}[5m])'
_HITS = f'rate(hotseat_cache_lookups_total{{{WEB}, result="hit"}}[5m])'
_HOT_HITS = f'rate(hotseat_cache_lookups_total{{{WEB}, tier="hot", result="hit"}}[5m])'
_CALLS = f'rate(hotseat_backend_calls_total{{{WEB}, backend="redis", op!~"{OWN_OPERATIONS}"}}[5m])'
_REQUESTS = "mode:hotseat_http_requests:rate5m"

OFTEN_ASKED = (
    # One per process, whatever was restarted: two of hotseat_info can be there for seconds, and no join could use them.
    Record(
        "instance:hotseat_mode:info",
        "topk by (job, instance) (1,\n"
        "  max by (job, instance, sticky_mode, hot_cache, board_strategy) "
        f"(hotseat_info{{{APPLICATION}}})\n"
        ")",
    ),
    Record(_REQUESTS, _by_mode(f"rate(hotseat_http_requests_total{{{WEB}}}[5m])")),
    Record(
        "mode:hotseat_cache_hit:ratio_rate5m",
        f"{_by_mode(_HITS, 'region', 'tier')}\n/\n({_by_mode(_LOOKUPS, 'region', 'tier')} > 0)",
    ),
    Record("mode:hotseat_cache_lookups_hot:rate5m", _by_mode(_HOT_LOOKUPS)),
    Record(
        "mode:hotseat_cache_hit_hot:ratio_rate5m",
        f"{_by_mode(_HOT_HITS)}\n/\n(mode:hotseat_cache_lookups_hot:rate5m > 0)",
    ),
    Record("mode:hotseat_redis_calls_per_request:ratio_rate5m", f"{_by_mode(_CALLS)}\n/\n({_REQUESTS} > 0)"),
    Record(
        "mode:process_cpu_seconds_per_request:ratio_rate5m",
        f"{_by_mode(f'rate(process_cpu_seconds_total{{{WEB}}}[5m])')}\n/\n({_REQUESTS} > 0)",
    ),
    Record("mode:hotseat_http_request_duration_seconds:p50_rate5m", _quantile("0.5")),
    Record("mode:hotseat_http_request_duration_seconds:p99_rate5m", _quantile("0.99")),
    Record(
        "instance:hotseat_http_requests:rate5m",
        f"sum by (job, instance) (rate(hotseat_http_requests_total{{{WEB}}}[5m]))",
    ),
    Record(
        "instance:hotseat_users:ratio_of_mean",
        f"hotseat_users{{{WEB}}} / on () group_left () (avg(hotseat_users{{{WEB}}}) > 0)",
    ),
    Record(
        "route:hotseat_http_requests:rate5m",
        f"sum by (route) (rate(hotseat_http_requests_total{{{WEB}}}[5m]))",
    ),
    Record(
        "route:hotseat_http_failures:ratio_rate5m",
        f'sum by (route) (rate(hotseat_http_requests_total{{{WEB}, status="5xx"}}[5m]))\n'
        "/\n"
        "(route:hotseat_http_requests:rate5m > 0)",
    ),
    Record(
        "route:hotseat_http_request_duration_seconds:p99_rate5m",
        "histogram_quantile(0.99, "
        f"sum by (route, le) (rate(hotseat_http_request_duration_seconds_bucket{{{WEB}}}[5m])))",
    ),
    # Slots that HAProxy is to use (not closed), and those that answer its checks.
    Record(
        "proxy:hotseat_slots_open:count",
        f'sum(haproxy_server_status{{{SLOTS}, state!="MAINT"}})',
    ),
    Record("proxy:hotseat_slots_up:count", f'sum(haproxy_server_status{{{SLOTS}, state="UP"}})'),
    # What fires, to be shown: an alert has the labels of what it is about, which may be of no instance.
    Record("fleet:alerts_firing:info", 'max by (alertname, severity) (ALERTS{alertstate="firing"})', OF_THE_FLEET),
)

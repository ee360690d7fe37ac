"""What is recorded for dashboards and alerts: its values, by hand."""

from ruled import Promtool, Series, Trial, named

from dashboards.rules import RECORDING

AT = 600
# Of two instances one is sticky.
MODES = {"web-1": "on", "web-2": "off"}


def web(metric: str, instance: str, **labels: str) -> str:
    return named(metric, job="web", instance=instance, **labels)


def of(instance: str) -> str:
    return web("", instance)


def info(instance: str, mode: str, version: str = "1") -> str:
    more = {"sticky_mode": mode, "hot_cache": mode, "board_strategy": "hot", "version": version}
    return web("hotseat_info", instance, exported_instance=instance, **more)


def recorded(promtool: Promtool, series: Series, expected: dict[str, dict[str, float]]) -> None:
    trial = Trial("by hand", {**series, **{info(name, mode): "1x80" for name, mode in MODES.items()}})
    for name, values in expected.items():
        trial.gives(AT, f"round(1e4 * {name})", values)
    promtool.try_out([RECORDING[0]], trial)


def test_requests_calls_and_cpu_by_mode(promtool: Promtool) -> None:
    """What is nobody's request is left out of the calls, the worker out of all of it."""
    recorded(
        promtool,
        {
            web("hotseat_http_requests_total", "web-1", route="board", status="2xx"): "0+150x80",
            web("hotseat_http_requests_total", "web-1", route="front", status="5xx"): "0+150x80",
            web("hotseat_http_requests_total", "web-2", route="board", status="2xx"): "0+150x80",
            web("hotseat_backend_calls_total", "web-1", backend="redis", op="read", result="ok"): "0+30x80",
            **{
                web("hotseat_backend_calls_total", "web-1", backend="redis", op=op, result="ok"): "0+300x80"
                for op in ("lease", "check", "fleet", "handover", "info")
            },
            web("hotseat_backend_calls_total", "web-2", backend="redis", op="read", result="ok"): "0+300x80",
            web("hotseat_backend_calls_total", "web-2", backend="mongodb", op="read", result="ok"): "0+900x80",
            web("process_cpu_seconds_total", "web-1"): "0+3x80",
            web("process_cpu_seconds_total", "web-2"): "0+6x80",
        },
        {
            "mode:hotseat_http_requests:rate5m": {'{sticky_mode="on"}': 200_000, '{sticky_mode="off"}': 100_000},
            "mode:hotseat_redis_calls_per_request:ratio_rate5m": {
                '{sticky_mode="on"}': 1_000,
                '{sticky_mode="off"}': 20_000,
            },
            "mode:process_cpu_seconds_per_request:ratio_rate5m": {
                '{sticky_mode="on"}': 100,
                '{sticky_mode="off"}': 400,
            },
            "instance:hotseat_http_requests:rate5m": {of("web-1"): 200_000, of("web-2"): 100_000},
            "route:hotseat_http_requests:rate5m": {'{route="board"}': 200_000, '{route="front"}': 100_000},
            "route:hotseat_http_failures:ratio_rate5m": {'{route="front"}': 10_000},
        },
    )


def test_hits_by_mode_region_and_tier(promtool: Promtool) -> None:
    """Each as a share of the lookups of its own tier."""
    recorded(
        promtool,
        {
            web("hotseat_cache_lookups_total", "web-1", region="board", tier="hot", result="hit"): "0+80x80",
            web("hotseat_cache_lookups_total", "web-1", region="board", tier="hot", result="miss"): "0+20x80",
            web("hotseat_cache_lookups_total", "web-1", region="session", tier="hot", result="hit"): "0+60x80",
            web("hotseat_cache_lookups_total", "web-1", region="session", tier="hot", result="miss"): "0+40x80",
            web("hotseat_cache_lookups_total", "web-2", region="board", tier="redis", result="hit"): "0+30x80",
            web("hotseat_cache_lookups_total", "web-2", region="board", tier="redis", result="miss"): "0+70x80",
        },
        {
            "mode:hotseat_cache_hit:ratio_rate5m": {
                '{sticky_mode="on",region="board",tier="hot"}': 8_000,
                '{sticky_mode="on",region="session",tier="hot"}': 6_000,
                '{sticky_mode="off",region="board",tier="redis"}': 3_000,
            },
            "mode:hotseat_cache_hit_hot:ratio_rate5m": {'{sticky_mode="on"}': 7_000},
            "mode:hotseat_cache_lookups_hot:rate5m": {'{sticky_mode="on"}': 133_333},
        },
    )


def test_latency_by_mode_and_by_route(promtool: Promtool) -> None:
    """Quantiles within a bucket; a stream's time is its own route's only."""

    def buckets(name: str, route: str, *counts: int) -> Series:
        return {
            web("hotseat_http_request_duration_seconds_bucket", name, route=route, le=edge): f"0+{count}x80"
            for edge, count in zip(("0.1", "0.2", "+Inf"), counts, strict=True)
        }

    recorded(
        promtool,
        {
            **buckets("web-1", "board", 50, 100, 100),
            **buckets("web-1", "api_report_events", 0, 0, 900),
            **buckets("web-2", "front", 100, 100, 100),
        },
        {
            "mode:hotseat_http_request_duration_seconds:p50_rate5m": {
                '{sticky_mode="on"}': 1_000,
                '{sticky_mode="off"}': 500,
            },
            "mode:hotseat_http_request_duration_seconds:p99_rate5m": {
                '{sticky_mode="on"}': 1_980,
                '{sticky_mode="off"}': 990,
            },
            "route:hotseat_http_request_duration_seconds:p99_rate5m": {
                '{route="board"}': 1_980,
                '{route="front"}': 990,
                '{route="api_report_events"}': 2_000,
            },
        },
    )


def test_people_per_instance_and_slots(promtool: Promtool) -> None:
    """Beside the mean of those that are there; closed slots are not counted."""
    status = 'haproxy_server_status{job="proxy",instance="haproxy",proxy="web",server="web-%d",state="%s"}'
    recorded(
        promtool,
        {
            web("hotseat_users", "web-1"): "30x80",
            web("hotseat_users", "web-2"): "10x80",
            status % (1, "UP"): "1x80",
            status % (1, "MAINT"): "0x80",
            status % (2, "DOWN"): "1x80",
            status % (3, "NOLB"): "1x80",
            status % (4, "MAINT"): "1x80",
            status % (5, "MAINT"): "1x80",
        },
        {
            "instance:hotseat_users:ratio_of_mean": {of("web-1"): 15_000, of("web-2"): 5_000},
            "proxy:hotseat_slots_open:count": {"{}": 30_000},
            "proxy:hotseat_slots_up:count": {"{}": 10_000},
        },
    )


def test_a_process_has_one_mode_even_while_two_versions_of_it_are_known(promtool: Promtool) -> None:
    """For seconds after a roll-out Prometheus holds the series of the old process and of its successor."""
    requests = web("hotseat_http_requests_total", "web-1", route="board", status="2xx")
    both = {info("web-1", "off", "1"): "1x80", info("web-1", "on", "2"): "1x80"}
    trial = Trial("both", {**both, requests: "0+150x80"})
    trial.gives(AT, "count(instance:hotseat_mode:info)", {"{}": 1})
    trial.gives(AT, "sum(mode:hotseat_http_requests:rate5m)", {"{}": 10})
    promtool.try_out([RECORDING[0]], trial)

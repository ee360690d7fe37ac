"""Service level objectives: what is promised, how much of it may fail, and who is told how fast that is used up.

An objective leaves an error budget, the share of events that may fail. A burn rate of 1 uses it up exactly when the
period of 30 days ends. Somebody is told by several windows at once (The Site Reliability Workbook, chapter 5): the long
one says that it matters, the short one that it goes on, so that an alert ends soon after its cause.

Long windows are averages over what was recorded over 5 minutes, weighted by traffic as numerator and denominator are
averaged apart: three days of every instance's counters would be tens of millions of samples.
"""

from dataclasses import dataclass

from dashboards.rules.jobs import FRONT, OF_THE_FLEET, TIMED, WEB
from dashboards.rules.rule import EVERY_SECONDS, Alert, Record, Severity

SLOW_SECONDS = "0.25"  # a bucket of the histogram


@dataclass(frozen=True, slots=True)
class Slo:
    """`events` and `failures` are rates over five minutes. `least` failures are needed before anybody is told: of three
    requests in a night, one that fails is a third."""

    name: str
    objective: str
    budget: str
    events: str
    failures: str
    least: int
    what: str


# What people got, at the only door they come through: the application's own failures and HAProxy's. Where HAProxy is
# not scraped, what the application says of itself.
AVAILABILITY = Slo(
    name="availability",
    objective="0.999",
    budget="0.001",
    events=f"""
sum(rate(haproxy_frontend_http_responses_total{{{FRONT}}}[5m]))
  or sum(rate(hotseat_http_requests_total{{{WEB}}}[5m]))""",
    failures=f"""
sum(rate(haproxy_frontend_http_responses_total{{{FRONT}, code="5xx"}}[5m]))
  or sum(rate(hotseat_http_requests_total{{{WEB}, status="5xx"}}[5m]))""",
    least=10,
    what="requests are answered with an error",
)
LATENCY = Slo(
    name="latency",
    objective="0.99",
    budget="0.01",
    events=f"sum(rate(hotseat_http_request_duration_seconds_count{{{TIMED}}}[5m]))",
    failures=f"""
clamp_min(
  sum(rate(hotseat_http_request_duration_seconds_count{{{TIMED}}}[5m]))
    - sum(rate(hotseat_http_request_duration_seconds_bucket{{{TIMED}, le="{SLOW_SECONDS}"}}[5m])),
  0
)""",
    least=50,
    what="requests take longer than 250 ms",
)
FRESHNESS = Slo(
    name="freshness",
    objective="0.9999",
    budget="0.0001",
    events=f'sum(rate(hotseat_staleness_checks_total{{{WEB}, result=~"fresh|overtaken|stale"}}[5m]))',
    failures=f'sum(rate(hotseat_staleness_checks_total{{{WEB}, result="stale"}}[5m]))',
    least=3,
    what="answers from hot copies are older than HOT_STALENESS_SECONDS allows",
)
SLOS = (AVAILABILITY, LATENCY, FRESHNESS)


@dataclass(frozen=True, slots=True)
class Burn:
    """More than `rate` over both windows, for `lasts`."""

    rate: str
    long: str
    short: str
    lasts: str
    severity: Severity


BURNS = (
    Burn("14.4", "1h", "5m", "2m", "page"),  # 2 % of the budget within an hour
    Burn("6", "6h", "30m", "15m", "page"),  # 5 % within six hours
    Burn("3", "1d", "2h", "1h", "ticket"),  # 10 % within a day
    Burn("1", "3d", "6h", "3h", "ticket"),  # 10 % within three days
)


def _measured() -> list[Record]:
    records = []
    for slo in SLOS:
        labels = {**OF_THE_FLEET, "slo": slo.name}
        records += [
            Record("slo:objective:ratio", f"vector({slo.objective})", labels),
            Record("slo:error_budget:ratio", f"vector({slo.budget})", labels),
            Record("slo:events:rate5m", slo.events, labels),
            Record("slo:failures:rate5m", slo.failures, labels),
        ]
    return records


def _over(*windows: str) -> list[Record]:
    """The share that failed, and the rate at which that uses up the budget; neither is there without events."""
    records = []
    for window in windows:
        failures, events = (
            f"slo:{what}:rate5m" if window == "5m" else f"avg_over_time(slo:{what}:rate5m[{window}])"
            for what in ("failures", "events")
        )
        records += [
            Record(f"slo:failure_ratio:rate{window}", f"{failures} / ({events} > 0)"),
            Record(f"slo:burn_rate:rate{window}", f"slo:failure_ratio:rate{window} / slo:error_budget:ratio"),
        ]
    return records


def _alerts(slo: Slo) -> list[Alert]:
    which = f'{{slo="{slo.name}"}}'
    return [
        Alert(
            alert=f"{slo.name.capitalize()}BudgetBurns",
            expr=f"""
slo:burn_rate:rate{burn.long}{which} > {burn.rate}
  and slo:burn_rate:rate{burn.short}{which} > {burn.rate}
  and sum_over_time(slo:failures:rate5m{which}[{burn.long}]) * {EVERY_SECONDS} >= {slo.least}""",
            lasts=burn.lasts,
            severity=burn.severity,
            labels={"window": burn.long},
            summary=f"Too many {slo.what}.",
            description=(
                f"Over the last {burn.long} the error budget of {slo.name} was used up "
                '{{ $value | printf "%.1f" }} times as fast as it may be '
                f"(promised: {slo.objective}; told above {burn.rate}), and over the last {burn.short} as well."
            ),
        )
        for burn in BURNS
    ]


OBJECTIVES = tuple(_measured())
SHORT_WINDOWS = tuple(_over("5m", "30m", "1h", "2h"))
LONG_WINDOWS = (
    *_over("6h", "1d", "3d"),
    Record("slo:error_budget_left:ratio_rate3d", "1 - slo:burn_rate:rate3d"),
)
BUDGET_ALERTS = tuple(alert for slo in SLOS for alert in _alerts(slo))

"""The hot copies: whether they may be trusted, are fresh, and are of use."""

from dashboards.rules.jobs import WEB
from dashboards.rules.rule import EVERY_SECONDS, Alert

_HIT_RATE = 'mode:hotseat_cache_hit_hot:ratio_rate5m{sticky_mode="on"}'

HOT = (
    Alert(
        alert="StaleHotRead",
        expr=f'sum by (region) (increase(hotseat_staleness_checks_total{{{WEB}, result="stale"}}[1h])) > 0',
        lasts="0s",
        severity="ticket",
        summary="An old {{ $labels.region }} was answered from memory for longer than promised.",
        description=(
            "The staleness meter found a hot copy that was still trusted HOT_STALENESS_SECONDS after Redis had a newer "
            "one. It looks at about one hit in a hundred, so there were more. This must never happen."
        ),
    ),
    Alert(
        alert="LinkLost",
        expr=f'max by (job, instance) (hotseat_link_state{{{WEB}, state=~"lost|suspect"}}) == 1',
        lasts="1m",
        severity="ticket",
        summary="{{ $labels.instance }} does not trust its hot copies.",
        description=(
            "For a minute it has had no proof that it would hear of changes, so Redis is asked for everything. "
            "If Redis itself is away, BackendAway says so too."
        ),
    ),
    Alert(
        alert="LinkUnsteady",
        expr=f"""
sum by (job, instance) (
  increase(hotseat_link_transitions_total{{{WEB}, state=~"lost|suspect"}}[15m])
) > 5""",
        lasts="0s",
        severity="ticket",
        summary='{{ $labels.instance }} lost its trust in hot copies {{ $value | printf "%.0f" }} times in 15 minutes.',
        description="Each time its copies are dropped or not used, so hits become calls to Redis.",
    ),
    Alert(
        alert="CanaryFailed",
        expr=f'sum by (job, instance) (increase(hotseat_link_canaries_total{{{WEB}, result="missed"}}[15m])) > 0',
        lasts="0s",
        severity="ticket",
        summary="{{ $labels.instance }} was not told of a change it asked to be told of.",
        description=(
            "A key that it had read was changed, and the invalidation did not come: Redis, or something between, does "
            "not keep the promise that hot copies rest on. The instance noticed, and gave its copies up."
        ),
    ),
    Alert(
        alert="TrackingRefused",
        expr=f'max by (job, instance) (hotseat_link_state{{{WEB}, state="off"}}) == 1',
        lasts="2m",
        severity="ticket",
        summary="{{ $labels.instance }} keeps no hot copies: this Redis does not track.",
        description="It works as if stateless. `hotseat status` and its log say what Redis refused.",
    ),
    Alert(
        alert="HitRateFallen",
        expr=f"""
{_HIT_RATE}
  < 0.75 * avg_over_time({_HIT_RATE}[1d] offset 30m)
and mode:hotseat_cache_lookups_hot:rate5m{{sticky_mode="on"}} > 1
and count_over_time({_HIT_RATE}[1d] offset 30m) * {EVERY_SECONDS} >= 3600""",
        lasts="15m",
        severity="ticket",
        summary="Hot copies answer {{ $value | humanizePercentage }} of lookups, a quarter less than they used to.",
        description=(
            "For 15 minutes the hot tier's hit rate has been below three quarters of its own mean of the day before. "
            "What it does not answer, Redis and MongoDB do."
        ),
    ),
)

"""Where answers come from, how fresh they are, and what the copies occupy."""

from dashboards.labels import INSTANCE, web
from dashboards.queries.counting import all_along, largest, quantile, rate, share
from dashboards.queries.modes import in_mode, of_chosen_mode

_LOOKUPS = "hotseat_cache_lookups_total"
FROM_MEMORY = web(_LOOKUPS, 'tier="hot"', 'result="hit"')
FROM_REDIS = web(_LOOKUPS, 'tier="redis"', 'result="hit"')
MADE_ANEW = web(_LOOKUPS, 'tier="redis"', 'result="miss"')
PAST_MEMORY = web(_LOOKUPS, 'tier="redis"')
ASKED_OF_MEMORY = web(_LOOKUPS, 'tier="hot"')


def answered(counter: str, which: str) -> str:
    """The share of lookups that was answered like this, in one mode."""
    everything = f"({_in_mode(FROM_MEMORY, which)} + {_in_mode(PAST_MEMORY, which)})"
    return share(_in_mode(counter, which), everything)


def memory_hit_rate() -> str:
    """Hits of the hot tier per lookup of it, for each instance that is asked at all."""
    hits, lookups = (in_mode(rate(counter), INSTANCE) for counter in (FROM_MEMORY, ASKED_OF_MEMORY))
    return share(hits, lookups)


def loads() -> str:
    """Answers made anew per second, by region."""
    return f"{in_mode(rate(MADE_ANEW), 'region')} > 0"


def preloaded() -> str:
    """Copies per second that were made hot before they were asked for, by instance."""
    return in_mode(rate(web("hotseat_preloaded_keys_total")), INSTANCE)


def freshness_nines() -> str:
    """Of all hot hits in the time range, checked for a sample: how many nines were fresh (the rule of three)."""
    stale, checked = (
        all_along(in_mode(rate(web("hotseat_staleness_checks_total", f'result=~"{result}"'))))
        for result in ("stale", "fresh|overtaken|stale")
    )
    return f"-log10(clamp_min({stale} * $__interval_ms / 1000, 3) / ({checked} * $__interval_ms / 1000 > 3))"


def checks() -> str:
    """Hot hits per second that were compared with Redis, by what came of it."""
    return in_mode(rate(web("hotseat_staleness_checks_total")), "result")


def invalidation_lag(q: float) -> str:
    """Seconds from a write to the arrival of its invalidation."""
    return quantile(q, in_mode(rate(web("hotseat_invalidation_lag_seconds_bucket")), "le"))


def stale_answers() -> str:
    """Answers per second that were past their time, and marked so."""
    return in_mode(rate(web("hotseat_cache_stale_served_total")), "reason")


def held_bytes() -> str:
    """What the hot copies of an instance occupy."""
    return in_mode(web("hotseat_cache_bytes"), INSTANCE)


def room() -> str:
    """How much the hot copies of an instance may occupy."""
    return f"{largest(of_chosen_mode(web('hotseat_cache_limit_bytes')))} > 0"


def held_entries() -> str:
    """How many hot copies the fleet holds, by region."""
    return in_mode(web("hotseat_cache_entries"), "region")


def given_up() -> str:
    """Hot copies per second that the cache gave up, and why."""
    return in_mode(rate(web("hotseat_cache_evictions_total")), "reason")


def dropped() -> str:
    """Hot copies per second that were dropped because their truth changed, or could have, and why."""
    return in_mode(rate(web("hotseat_cache_invalidations_total")), "reason")


def _in_mode(counter: str, which: str) -> str:
    return in_mode(rate(counter), which=which)

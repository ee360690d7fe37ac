"""What came of a run: the figures of its calm time, and what each change was felt as."""

import msgspec

from lab.simulate.affinity import BEGIN_ABOVE, MOST_HEARD, PULSE_SECONDS
from lab.simulate.fleet import Fleet
from lab.simulate.plan import Plan
from lab.simulate.tally import BOARD, CALLS_PER_PROCESS_SECOND, PROFILE, SESSION, TOLD_BYTES


class Felt(msgspec.Struct, frozen=True):
    """What a change did to the hot hit rate of those concerned, and to that of all. Shares are 0 to 1.

    `at` is when it was done, in seconds of the run, and `recovered_seconds` how long after that the rate was low for
    the last time, 0 if it never was. `moved_share`: of how many of those concerned the next request came to another
    slot than the one before.
    """

    change: str
    instances: int
    people: int
    before: float
    lowest: float
    recovered_seconds: float
    fleet_lowest: float
    moved_share: float
    at: float = 0.0


class Result(msgspec.Struct, frozen=True):
    """The figures of a run's calm time; then what its changes did. Shares are 0 to 1."""

    instances: int
    routing: str
    users: int
    requests: int
    requests_per_second: float
    hit_rate: float
    session_hit_rate: float
    profile_hit_rate: float
    board_hit_rate: float
    page_hit_rate: float
    """Of session and board alone, as pages and tests of the application tell it."""
    redis_rate: float
    load_rate: float
    reads_per_request: float
    trips_per_request: float
    trips_per_second: float
    fleet_trips_per_second: float
    """Of heartbeats and pulses, which come whether anybody asks or not."""
    pulse_bytes_per_second: float
    told_per_write: float
    told_per_request: float
    told_of_versions_per_request: float
    moves_per_request: float
    imbalance: float
    """Requests of the busiest instance, in terms of the mean."""
    above_share: float
    """Of the instances, those with more than 1.2 times the mean."""
    bytes_mean: float
    bytes_most: int
    changes: list[Felt] = []
    over_time: list[float] = []
    """The hit rate of everybody in every WINDOW_SECONDS of the run, from its cold start to its end."""


def result_of(plan: Plan, fleet: Fleet) -> Result:
    """The figures of a calm time that is over."""
    count, seconds = fleet.copies.count, plan.calm_seconds
    everything = (SESSION, PROFILE, BOARD)
    requests, lookups = max(1, count.requests), max(1, count.lookups(*everything))
    served = [process.requests for process in fleet.processes.values()]
    held = [process.hot.bytes for process in fleet.processes.values()]
    mean = sum(served) / len(served) or 1.0
    told = count.told_of_writes + count.told_of_loads + count.told_of_touches
    return Result(
        instances=plan.instances,
        routing=plan.routing,
        users=plan.workload.users,
        requests=count.requests,
        requests_per_second=count.requests / seconds,
        hit_rate=count.hit_rate(*everything),
        session_hit_rate=count.hit_rate(SESSION),
        profile_hit_rate=count.hit_rate(PROFILE),
        board_hit_rate=count.hit_rate(BOARD),
        page_hit_rate=count.hit_rate(SESSION, BOARD),
        redis_rate=sum(count.redis) / lookups,
        load_rate=sum(count.loads) / lookups,
        reads_per_request=count.reads / requests,
        trips_per_request=count.trips / requests,
        trips_per_second=count.trips / seconds,
        fleet_trips_per_second=plan.instances * CALLS_PER_PROCESS_SECOND,
        pulse_bytes_per_second=plan.instances * min(plan.instances, MOST_HEARD) * TOLD_BYTES / PULSE_SECONDS,
        told_per_write=count.told_of_writes / count.writes if count.writes else 0.0,
        told_per_request=told / requests,
        told_of_versions_per_request=count.told_of_versions / requests,
        moves_per_request=count.moves / requests,
        imbalance=max(served) / mean,
        above_share=sum(each > BEGIN_ABOVE * mean for each in served) / len(served),
        bytes_mean=sum(held) / len(held),
        bytes_most=max(held),
    )

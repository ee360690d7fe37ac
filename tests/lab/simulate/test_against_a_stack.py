"""What is simulated for three instances is what three instances do."""

from collections.abc import Callable, Iterable, Mapping

import pytest
from figures import figures_of
from fleet import wait_whole
from load.driver import running_load
from load.user import STEPS

from deploy.local import Stack
from lab.simulate.run import Plan, Result, Run
from lab.simulate.workload import Workload

READING = {"board": 60, "me": 38, "theme": 2}
CROWDS = {"busy": (60, 90.0, STEPS), "reading": (90, 30.0, READING)}
TABS = 1.2  # a user: every fifth has two, and the second one only reads
FOLLOWED = 4
WARM_SECONDS = 35  # boards that were made in the beginning have been made anew
CALM_SECONDS = 40
POINTS = 0.02
SEEDS = range(1, 6)

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", CROWDS)
def test_three_simulated_instances_find_as_much_hot_as_three_real_ones(
    name: str, stack_on: Stack, eventually: Callable[..., None], request: pytest.FixtureRequest
) -> None:
    """The share of sessions and boards found hot, of browsers that obey the cookie: within two points.

    Among the busy most of what is missing was ended by writes, among those who read by time.
    """
    users, rate, steps = CROWDS[name]
    wait_whole(stack_on, eventually)
    with running_load(stack_on.url, users=users, rate=rate, kinds=("obeys",), steps=steps, leavers=0) as load:
        load.lasting("warming", WARM_SECONDS)
        load.lasting("calm", CALM_SECONDS)
        seen = load.finish()
    assert not seen.violations, seen.first_faults()
    calm = seen.during("calm")
    tiers = {
        kind: [tier for record in calm.records if (tier := getattr(record, kind))] for kind in ("session", "board")
    }
    measured = {kind: found.count("hot") / len(found) for kind, found in tiers.items()}
    simulated = [_simulated(users, rate, steps, seed) for seed in SEEDS]
    predicted = _mean(each.page_hit_rate for each in simulated)
    figures_of(request)(
        f"measured {calm.hit_rate():.4f} (session {measured['session']:.4f}, board {measured['board']:.4f}, "
        f"of {len(calm.records)} requests); simulated {predicted:.4f} "
        f"(session {_mean(each.session_hit_rate for each in simulated):.4f}, "
        f"board {_mean(each.board_hit_rate for each in simulated):.4f}, "
        f"from {min(each.page_hit_rate for each in simulated):.4f} to "
        f"{max(each.page_hit_rate for each in simulated):.4f} by seed)"
    )
    assert abs(predicted - calm.hit_rate()) <= POINTS


def _simulated(users: int, rate: float, steps: Mapping[str, int], seed: int) -> Result:
    writing, of = 1 / TABS, sum(steps.values())
    written = sum(steps.get(name, 0) for name in ("name", "like", "post"))
    workload = Workload(
        users=users,
        requests_per_session=1e8,
        think_seconds=users / rate,
        return_seconds=1.0,
        zipf=0.0,
        board_share=steps["board"] / sum(steps.get(name, 0) for name in ("board", "me", "card")),
        write_share=writing * written / of,
        card_share=steps.get("post", 0) / written if written else 0.0,
        prefer_share=writing * steps["theme"] / of,
        followed=FOLLOWED,
    )
    plan = Plan(
        instances=3,
        routing="sticky",
        workload=workload,
        seed=seed,
        warm_seconds=WARM_SECONDS,
        calm_seconds=CALM_SECONDS,
        changes=(),
    )
    run = Run(plan)
    run.fleet.copies.touched_at = [0.0] * users  # they all logged in just before
    return run.result()


def _mean(rates: Iterable[float]) -> float:
    found = list(rates)
    return sum(found) / len(found)

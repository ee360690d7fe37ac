"""A made-up result of a comparison, in the shape of a real one; each figure can be chosen."""

from lab.compare.results import PERCENTS, Failure, Machine, Moment, Result, Round
from lab.compare.rungs import LADDER

CPU_MS = {"compute": 9.0, "denormalised": 5.0, "redis": 3.2, "hot-anywhere": 2.9, "hot": 2.1}
REDIS_CALLS = {"compute": 1.1, "denormalised": 1.1, "redis": 1.2, "hot-anywhere": 0.9, "hot": 0.2}
SHARES = {"web": 0.6, "redis": 0.1, "mongodb": 0.15, "s3": 0.0, "proxy": 0.15, "worker": 0.0}
SPREAD = 0.02


def made_up(
    cpu_ms: dict[str, float] | None = None, *, rounds: int = 5, spread: float = SPREAD, cores: int = 8
) -> Result:
    """All rungs, `rounds` of each; each CPU figure lies within `spread` of the one given."""
    chosen = {**CPU_MS, **(cpu_ms or {})}
    result = Result(
        began="2026-11-28 12:00",
        version="0.1.0",
        machine=Machine("A processor", cores, 16.0, "Linux"),
        workload={"name": "social", "write_share": 0.1, "users": 40, "seed": 1},
        rtt_ms=0.0,
        rungs=[rung.name for rung in LADDER],
        complete=True,
    )
    for number in range(rounds):
        off = 1 + spread * (2 * number / max(rounds - 1, 1) - 1)
        result.rounds += [_round(rung.name, number, chosen[rung.name] * off) for rung in LADDER]
    result.failures = [_failure("kill"), _failure("restart")]
    return result


def _round(rung: str, number: int, cpu_ms: float) -> Round:
    hot = 0.85 if rung == "hot" else 0.0
    return Round(
        rung=rung,
        number=number,
        seconds=10.0,
        requests=1000,
        failed=0,
        latency_ms={f"{percent:g}": cpu_ms * place for place, percent in enumerate(PERCENTS, 1)},
        cpu_ms={part: cpu_ms * share for part, share in SHARES.items()},
        calls={"redis": REDIS_CALLS[rung], "mongodb": 0.3, "s3": 0.0},
        tiers={"board": {"hot": 1000 * hot, "redis": 1000 * (1 - hot), "load": 0.0}},
        held_bytes=3e6 if rung.startswith("hot") else 0.0,
        by_instance={"web-1": 340, "web-2": 330, "web-3": 330},
        generator_late_ms=1.0,
    )


def _failure(what: str) -> Failure:
    moments = [Moment(float(at), 100, 0, 0.85 if not 10 <= at < 14 else 0.6, 12.0) for at in range(30)]
    return Failure("hot", what, 10.0, 11.0, 0, 1, 0.85, 0.6, 3.0, 0.12, moments)

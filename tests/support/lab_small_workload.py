"""Workloads of the lab's tests: few people in a hurry."""

from typing import Any

from lab.workload import Workload, workload_of

SMALL: dict[str, dict[str, Any]] = {
    "people": {"users": 6, "follows": 1, "first_cards": 1, "anonymous_share": 0.1},
    "visits": {"requests_per_second": 200, "requests": 5, "think_seconds": 0.02},
    "devices": {
        "second_device_share": 0.3,
        "logout_share": 0.1,
        "late_share": 1,
        "revoke_share": 0.1,
        "password_share": 0.05,
    },
    "mix": {"board": 5, "me": 5, "card": 3, "person": 2, "page": 1, "theme": 2, "name": 2, "post": 2, "like": 2},
}


def small_workload(**sections: dict[str, Any]) -> Workload:
    """`SMALL`, with other values for some keys; `mix` is replaced as a whole."""
    given = {name: {**table, **sections.get(name, {})} for name, table in {"content": {}, **SMALL}.items()}
    given["mix"] = sections.get("mix", SMALL["mix"])
    return workload_of("small", given)

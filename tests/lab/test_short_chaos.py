"""A few faults under load in each mode, on stacks of their own: no promise is broken, and each had its occasion."""

from pathlib import Path

import pytest
from figures import Figures
from lab_chaos_run import blamed, broken_by

from lab.chaos.command import SHORT

pytestmark = pytest.mark.timeout(600)

SESSION_SECONDS = "30"  # so that some end by their age within the run


@pytest.mark.stack
@pytest.mark.parametrize("mode", ["stateless", "sticky"])
def test_a_few_faults_break_no_promise(
    clean_environ: dict[str, str], tmp_path: Path, mode: str, figures: Figures
) -> None:
    """While people log in and out, change their passwords and wander, and the time of their sessions is up."""
    environ = {**clean_environ, "SESSION_ABSOLUTE_SECONDS": SESSION_SECONDS}
    result = broken_by("--seconds", "2", "--calm", "2", "--mode", mode, out=tmp_path, environ=environ)
    has_room = result.had_room(mode)
    counts = ", ".join(f"{each.promise} by {each.bore}" for each in result.findings)
    failed = sum(each.failed for each in result.scenarios)
    room = "" if has_room else "; the machine had no room, so failures and what was not reached are not held against it"
    figures(f"{mode}: looked at {counts}; {failed} requests failed, rightly{room}")
    assert blamed(result, mode) == set()
    if has_room:
        assert [(each.name, each.error) for each in result.scenarios] == [(name, "") for name in SHORT]
        assert [each.promise for each in result.findings if each.state == "not exercised"] == []

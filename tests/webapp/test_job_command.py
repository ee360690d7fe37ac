"""`hotseat job`: the worker's jobs by hand."""

from collections.abc import Iterator, Mapping

import pytest
from click.testing import CliRunner, Result
from requests import Session
from sites import PASSWORD, Site, site_in_thread

import hotseat
from webapp.metrics import JOBS as COUNTED
from webapp.registry import JOBS


@pytest.fixture
def running(variables: dict[str, str]) -> Iterator[Site]:
    with site_in_thread(variables) as site:
        yield site


def run(*arguments: str, variables: Mapping[str, str] | None = None) -> Result:
    environ = {"HOTSEAT_RUN_DIR": "no-stack-here", **(variables or {})}
    return CliRunner().invoke(hotseat.main, ["job", *arguments], env=environ)


def test_each_job_is_counted_under_its_name() -> None:
    """The closed set of the label, and the registry."""
    assert set(COUNTED) == set(JOBS)


def test_each_job_is_listed_with_its_arguments() -> None:
    """As one would type it, and a sentence."""
    lines = run("list").output.splitlines()
    assert len(lines) == len(JOBS)
    for line, job in zip(lines, JOBS.values(), strict=True):
        assert line.startswith(" ".join((job.name, *job.arguments)))
        assert line.endswith(job.summary)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("levitate",), "there are: export"), (("export", "just-one"), "hotseat job run export PERSON_ID REPORT_ID")],
)
def test_wrong_use_is_refused(arguments: tuple[str, ...], told: str) -> None:
    """Before anything is opened."""
    done = run("run", *arguments)
    assert (done.exit_code, told in done.output) == (2, True)


def test_an_export_can_be_made_by_hand(running: Site, variables: dict[str, str]) -> None:
    """No worker runs; the report is done all the same."""
    with Session() as browser:
        api = f"{running.url}/api/v1"
        body = {"handle": "ada", "password": PASSWORD, "name": "Ada"}
        me = browser.post(f"{api}/signup", json=body, timeout=10).json()
        report = browser.post(f"{api}/reports", timeout=10).json()
        done = run("run", "export", me["id"], report["id"], variables=variables)
        assert (done.exit_code, done.output) == (0, "export: exported\n")
        assert browser.get(f"{api}/reports/{report['id']}", timeout=10).json()["state"] == "done"


def test_a_report_nobody_asked_for_is_told(running: Site, variables: dict[str, str]) -> None:
    """One sentence, exit code 1."""
    done = run("run", "export", "nobody", "nothing", variables=variables)
    assert (done.exit_code, done.stderr) == (1, "Stopped: There is no such report.\n")

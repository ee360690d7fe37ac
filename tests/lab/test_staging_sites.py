"""Systems that are there already: asked from outside, their people removed, and nothing said that was not seen."""

import asyncio
import ssl
from pathlib import Path

import msgspec
import pytest
import trustme
from click.testing import CliRunner
from click.testing import Result as Answer
from lab_brisk import BRISK, WORKLOAD, Steps, brisk_plan
from lab_stub_site import StubSite, stub_site, stub_site_beside

from lab.compare import command
from lab.compare.command import compare
from lab.compare.comparing import Comparison
from lab.compare.results import Result
from lab.compare.sites import announced
from lab.errors import NoSuchSite, NotPostcards
from lab.load.driver import Load
from lab.load.site import is_here, shown
from lab.reports import report


def called(*arguments: str) -> Answer:
    return CliRunner().invoke(compare, arguments)


def in_a_line(answer: Answer) -> str:
    return " ".join(answer.output.split())


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A workload's file; `--quick` is over in no time."""
    monkeypatch.setattr(command, "QUICK", BRISK)
    file = tmp_path / "brisk.toml"
    file.write_text(WORKLOAD)
    return str(file)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["http://127.0.0.1:8080"], "does not say which rung it is; write --site RUNG=URL"),
        (["http://127.0.0.1:8080/?a=b"], "does not say which rung it is"),
        (["warm=http://a"], "There is no rung 'warm'; there are: compute, denormalised, hot, hot-anywhere, redis."),
        (["hot=http://a", "hot=http://b"], "The rung hot is given twice"),
        (["hot=http://a/", "redis=http://A"], "http://A is given as hot and as redis; a system is on one rung"),
        (["hot=ftp://a"], "ftp://a cannot be measured: this is no address of a site; it has to begin with http"),
        (["hot=a:8080"], "it has to begin with http:// or https://"),
        (["hot=http://a/shop"], "nothing may follow the host and the port"),
        (["hot=http://me:secret@a/shop"], "Error: http://a/shop cannot be measured"),
        (["hot="], "Nothing cannot be measured"),
        (["hot=http://a", "--rungs", "hot"], "Say with --site which systems are measured, or with --rungs"),
        (["hot=http://a", "--rtt", "1ms"], "--rtt is put between the parts of a stack of the lab's own"),
    ],
)
def test_what_is_no_site_of_a_rung_is_refused(arguments: list[str], words: str) -> None:
    """In a sentence, and before anything is asked."""
    sites = [part for each in arguments for part in (["--site", each] if "=" in each or "://" in each else [each])]
    answer = called("--quick", *sites)
    assert answer.exit_code == 1
    assert words in in_a_line(answer)
    assert "secret" not in answer.output


def test_a_certificate_is_not_asked_about_without_a_site() -> None:
    assert "--insecure is for the certificates of what --site names" in in_a_line(called("--insecure"))


def test_two_systems_are_measured_from_outside(brisk: str, tmp_path: Path) -> None:
    """With figures for what can be seen, and none for what cannot; the people are gone afterwards."""
    out = tmp_path / "out"
    with stub_site_beside() as redis, stub_site_beside() as hot:
        hot.delay_seconds = 0.03
        sites = ["--site", f"hot={hot.url}/", "--site", f"redis={redis.url}"]
        answer = called("--quick", "--workload", brisk, "--out", str(out), *sites)
        assert (redis.people, hot.people) == ({}, {})
    assert answer.exit_code == 0, answer.output
    said = in_a_line(answer)
    assert "5 people are going to sign up on each site" in said
    assert "Behind stickiness answers come" in said
    assert "later: half of all answers come within" in said
    assert "CPU time, calls to Redis, MongoDB and S3, the memory of hot copies, and so money, are not known" in said
    assert "CPU ms" not in said
    assert "Redis calls" not in said
    result = msgspec.json.decode((out / "result.json").read_bytes(), type=Result)
    assert result.complete
    assert result.sites == {"redis": redis.url, "hot": hot.url}
    assert [(each.rung, each.number) for each in result.rounds] == [("redis", 0), ("hot", 0), ("redis", 1), ("hot", 1)]
    for each in result.rounds:
        assert (each.cpu_ms, each.calls, each.held_bytes, each.moved_share) == ({}, {}, None, 0.0)
        assert each.tiers["session"]["hot"] > 0
        assert each.by_instance == {"web-1": each.requests}
    page = (out / "report.html").read_text()
    assert "<th>CPU ms</th>" not in page
    assert "Prices:" not in page
    assert hot.url in page
    assert "Stickiness answers later" in page
    assert {file.stem for file in out.glob("*.png")} == {"latency", "hot"}
    assert said.split("The report:")[0].split("p50 ms")[1] in " ".join(
        CliRunner().invoke(report, [str(out)]).output.split()
    )


def test_one_system_alone_gives_its_figures_and_no_verdict(brisk: str, tmp_path: Path) -> None:
    with stub_site_beside() as site:
        answer = called("--quick", "--workload", brisk, "--out", str(tmp_path / "out"), "--site", f"redis={site.url}")
    said = in_a_line(answer)
    assert answer.exit_code == 0
    assert "Nothing can be said of what stickiness is worth: hot, behind stickiness was not measured." in said
    assert "of its lookups came from memory. It is not the rung it was said to be." in said
    assert "a single instance answered everything" in said


def test_how_much_is_borne_is_looked_for_unless_gently(
    brisk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is announced says which."""
    monkeypatch.setattr(command, "QUICK", {**BRISK, "bearing": brisk_plan({"redis": ""}).rungs})
    monkeypatch.setattr("lab.compare.measuring.MOST_STEPS", 2)
    found = {}
    with stub_site_beside() as site:
        for how in ([], ["--gently"]):
            out = tmp_path / f"out{len(how)}"
            arguments = ["--quick", "--workload", brisk, "--out", str(out), "--site", f"redis={site.url}", *how]
            assert ("then more and more" in in_a_line(called(*arguments))) is (not how)
            found[len(how)] = msgspec.json.decode((out / "result.json").read_bytes(), type=Result).capacities
    assert [each.requests_per_second > 0 for each in found[0]] == [True]
    assert found[1] == []


def test_nobody_signs_up_anywhere_before_all_systems_are_there(brisk: str, tmp_path: Path) -> None:
    """Nothing is left behind at the one that is, and no report of nothing is written."""
    out = tmp_path / "out"
    with stub_site_beside() as site:
        sites = ["--site", f"redis={site.url}", "--site", "hot=http://127.0.0.1:1"]
        answer = called("--quick", "--workload", brisk, "--out", str(out), *sites)
        assert site.requests == 2
    assert answer.exit_code == 1
    assert "Error: Nothing was measured. starting: Nothing answers at http://127.0.0.1:1" in in_a_line(answer)
    assert not out.exists()


def test_another_application_is_called_so(brisk: str, tmp_path: Path) -> None:
    with stub_site_beside() as site:
        site._title = "Petstore"
        answer = called("--quick", "--workload", brisk, "--out", str(tmp_path / "out"), "--site", f"hot={site.url}")
    assert answer.exit_code == 1
    assert f"What answers at {site.url} is not Postcards: it calls itself 'Petstore'." in in_a_line(answer)


def test_a_site_that_lets_nobody_sign_up_is_told_with_the_reason(
    brisk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A throttle by its name; and those who were made already are removed."""
    monkeypatch.setattr("lab.load.settling.ATTEMPTS", 2)
    with stub_site_beside() as site:
        site.retry_after = "0"
        site.status_for = lambda asked: 429 if asked.path.endswith("signup") and len(site.people) > 2 else 0
        answer = called("--quick", "--workload", brisk, "--out", str(tmp_path / "out"), "--site", f"hot={site.url}")
        assert site.people == {}
    assert answer.exit_code == 1
    assert "could not be used while accounts were made: it lets nobody else sign up from this address for now" in (
        in_a_line(answer)
    )
    assert "LOGINS_PER_ADDRESS" in answer.output


def test_people_who_cannot_be_removed_are_named(brisk: str, tmp_path: Path) -> None:
    """So that somebody else can."""
    with stub_site_beside() as site:
        site.status_for = lambda asked: 405 if asked.method == "DELETE" and asked.path == "/api/v1/me" else 0
        answer = called("--quick", "--workload", brisk, "--out", str(tmp_path / "out"), "--site", f"redis={site.url}")
        handles = set(site.people)
    assert answer.exit_code == 0
    prefix = next(iter(handles)).partition("_")[0]
    assert f"5 of the people made for it are still at {site.url}: those whose handles are like {prefix}_*." in (
        in_a_line(answer)
    )


def test_what_is_sent_elsewhere_is_announced_as_such() -> None:
    """By the address alone."""
    here = announced(brisk_plan({"redis": "http://127.0.0.1:1", "hot": "http://localhost:2"}))
    assert "Not on this machine" not in here
    there = announced(brisk_plan({"redis": "http://me:secret@staging.example", "hot": "http://[::1]:2"}))
    assert there.endswith("Not on this machine: http://staging.example.")
    assert [
        is_here(f"http://{host}") for host in ("127.8.0.1", "[::1]", "a.localhost", "10.0.0.1", "localhost.example")
    ] == [*(True, True, True, False, False)]


def test_a_password_in_an_address_is_used_and_never_told() -> None:
    """Neither in what was measured nor in a complaint."""

    async def measured() -> tuple[StubSite, Result]:
        async with stub_site() as site:
            site.seen = []
            url = site.url.replace("://", "://me:secret@")
            comparison = Comparison(brisk_plan({"redis": url}, rounds=1), Path(), {}, Steps())
            await comparison.make()
            return site, comparison.result

    site, result = asyncio.run(measured())
    assert b"secret" not in msgspec.json.encode(result)
    assert site.seen
    assert {asked.headers.get("authorization") for asked in site.seen} == {"Basic bWU6c2VjcmV0"}
    assert shown("http://me:secret@a:1/b?c") == "http://a:1/b?c"


@pytest.mark.asyncio
async def test_an_address_that_leads_on_or_wants_a_password_says_so() -> None:
    async with stub_site() as site:
        site.answer = lambda asked: (302, "https://other.example/x", [])  # type: ignore[method-assign]
        with pytest.raises(NotPostcards, match=r"leads on to https://other.example/x; give the address of the site"):
            async with Load(brisk_plan({}).workload, site.url):
                pass
        site.status_for = lambda asked: 401
        with pytest.raises(NoSuchSite, match="wants a name and a password; give them in the address"):
            async with Load(brisk_plan({}).workload, site.url):
                pass


def test_a_certificate_nobody_vouches_for_is_taken_only_if_told(brisk: str, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with stub_site_beside(context) as site:
        arguments = ["--quick", "--workload", brisk, "--out", str(tmp_path / "out"), "--site", f"redis={site.url}"]
        refused = called(*arguments)
        taken = called(*arguments, "--insecure")
    assert refused.exit_code == 1
    assert "no secure connection could be made" in in_a_line(refused)
    assert taken.exit_code == 0, taken.output

"""The command line's bad news: one sentence, the right exit code, nothing left behind."""

import json

import pytest
from click.testing import CliRunner

from deploy.local import commands


def run(command, arguments, tmp_path, clean_environ, **environ):
    runner = CliRunner(env={**clean_environ, "HOTSEAT_RUN_DIR": str(tmp_path / "run"), **environ})
    return runner.invoke(command, arguments)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("WEB_INSTANCES", "abc", "a whole number from 1 to 8"),
        ("WEB_INSTANCES", "9", "a whole number from 1 to 8"),
        ("WEB_INSTANCES", "-1", "a whole number from 1 to 8"),
        ("WEB_SLOTS", "9", "a whole number from 1 to 8"),
        ("HTTP_PORT", "65536", "a whole number from 0 to 65535"),
        ("REDIS_PORT", "6379x", "a whole number from 0 to 65535"),
        ("STICKY_MODE", "maybe", "one of: off, on"),
        ("DRAIN_SECONDS", "long", "a number of seconds"),
        ("HOTSEAT_WEB_FSIZE", "1", "one of: unlimited, 0"),
    ],
)
def test_bad_variable_is_named(tmp_path, clean_environ, name, value, allowed):
    """What was given, what is allowed, exit code 2, and no run directory."""
    result = run(commands.up, [], tmp_path, clean_environ, **{name: value})
    assert result.exit_code == 2
    assert f"{name}={value!r} must be {allowed}" in result.output
    assert result.output.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_all_bad_variables_are_named_at_once(tmp_path, clean_environ):
    """Nobody has to try again for each."""
    result = run(commands.up, [], tmp_path, clean_environ, WEB_INSTANCES="x", STICKY_MODE="x", HTTP_PORT="x")
    assert all(name in result.output for name in ("WEB_INSTANCES", "STICKY_MODE", "HTTP_PORT"))


def test_more_instances_than_slots_are_refused(tmp_path, clean_environ):
    """WEB_SLOTS bounds WEB_INSTANCES."""
    result = run(commands.up, [], tmp_path, clean_environ, WEB_INSTANCES="3", WEB_SLOTS="2")
    assert "WEB_INSTANCES='3' must be a whole number from 1 to 2" in result.output


def test_run_directory_that_cannot_be_made_is_named(tmp_path, clean_environ):
    """A file where the folder should be: the way out is another HOTSEAT_RUN_DIR."""
    (tmp_path / "file").write_text("")
    result = run(commands.up, [], tmp_path, clean_environ, HOTSEAT_RUN_DIR=str(tmp_path / "file" / "run"))
    assert result.exit_code == 2
    assert "set HOTSEAT_RUN_DIR" in result.output


def test_status_without_a_stack(tmp_path, clean_environ):
    """An empty list for scripts, a sentence for people, exit code 1."""
    plain = run(commands.status, [], tmp_path, clean_environ)
    assert (plain.exit_code, plain.output.startswith("hotseat: No stack is running in")) == (1, True)
    as_json = run(commands.status, ["--json"], tmp_path, clean_environ)
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (1, [])


@pytest.mark.parametrize("command", ["start", "stop", "restart", "kill", "pause", "resume"])
def test_command_for_a_process_without_a_stack(tmp_path, clean_environ, command):
    """Nothing to do it to: exit code 1 and how to get one."""
    result = run(getattr(commands, command), ["web-1"], tmp_path, clean_environ)
    assert result.exit_code == 1
    assert "start one with: hotseat up" in result.output


def test_down_without_a_stack_is_fine(tmp_path, clean_environ):
    """Idempotent, and it makes no folder."""
    assert run(commands.down, [], tmp_path, clean_environ).exit_code == 0
    assert not (tmp_path / "run").exists()


def test_logs_of_an_unknown_process(tmp_path, clean_environ):
    """The sentence lists what has logs; those of a stopped stack can still be read."""
    logs = tmp_path / "run" / "logs"
    logs.mkdir(parents=True)
    (logs / "web-1.log").write_text("one\ntwo\nthree\n")
    unknown = run(commands.logs, ["web-9"], tmp_path, clean_environ)
    assert (unknown.exit_code, "there are: web-1." in unknown.output) == (2, True)
    shown = run(commands.logs, ["web-1", "-n", "2"], tmp_path, clean_environ)
    assert shown.output.splitlines() == ["web-1 | two", "web-1 | three"]

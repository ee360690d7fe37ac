"""The log: one JSON line per event, whoever says it."""

import json
import subprocess
import sys

SAYS = """
import logging
from webapp.journal import set_up_logging
from webapp.settings import from_mapping

key = "k" * 32
set_up_logging(from_mapping(
    {"REDIS_URL": "redis://x", "MONGODB_URL": "mongodb://x", "SECRET_KEYS": key, "AFFINITY_KEY": key,
     "INSTANCE_ID": "web-2"}
))
logging.getLogger("cache.lease").info("hot copies are trusted (before: %s)", "lost")
logging.getLogger("cache.lease").debug("not told at this level")
"""
FAILS = """
def log_in(password):
    raise ValueError("it went wrong")

try:
    log_in("correct horse")
except ValueError:
    logging.getLogger("webapp").exception("unforeseen")
"""


def test_what_the_cache_logs_is_told_like_everything_else() -> None:
    """The standard library's loggers go through the same pipe, with the instance's name."""
    done = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, text=True, check=True, timeout=60)
    [line] = [json.loads(line) for line in done.stdout.splitlines()]
    assert (line["event"], line["level"], line["logger"], line["instance"]) == (
        "hot copies are trusted (before: lost)",
        "info",
        "cache.lease",
        "web-2",
    )


def test_the_values_of_variables_are_not_logged_with_an_error() -> None:
    """They may be secrets; where it went wrong is told all the same."""
    done = subprocess.run([sys.executable, "-c", SAYS + FAILS], capture_output=True, text=True, check=True, timeout=60)
    line = json.loads(done.stdout.splitlines()[-1])
    assert line["exception"][0]["exc_value"] == "it went wrong"
    assert [frame["name"] for frame in line["exception"][0]["frames"]] == ["<module>", "log_in"]
    assert "correct horse" not in done.stdout
    assert "k" * 32 not in done.stdout

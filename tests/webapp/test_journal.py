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

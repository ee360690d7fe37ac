"""A test run is silent: a log record at WARNING or above that a test did not announce fails it."""

import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

Expects = Callable[[str], None]


@pytest.fixture(scope="session", autouse=True)
def structured_log() -> Iterator[None]:
    """Sends structlog's events to the standard library's loggers, where pytest sees them."""
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def expects(caplog: pytest.LogCaptureFixture) -> Iterator[Expects]:
    """`expects("unavailable")` announces what may be logged, or how it begins; all else at WARNING or above fails."""
    announced: set[str] = set()
    yield announced.add
    records = [record for when in ("setup", "call", "teardown") for record in caplog.get_records(when)]
    loud = [
        f"{record.levelname} {record.name}: {record.getMessage()}"
        for record in records
        if record.levelno >= logging.WARNING and not record.getMessage().startswith(tuple(announced))
    ]
    assert not loud, "\n".join(loud)


__all__ = ["Expects", "expects", "structured_log"]

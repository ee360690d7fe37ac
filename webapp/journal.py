"""The log: one JSON line per event on stdout, never a file.

structlog does the work; the standard library's loggers (Tornado's, the cache's) go through the same pipe. Bound
context (the request's id) is added to whatever is logged while a request is answered.
"""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from webapp.settings import Settings


def set_up_logging(settings: Settings) -> None:
    """Sends every log record of this process to stdout in the format asked for."""
    # Without the values of variables: they may be passwords, keys, or somebody's words.
    tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[Processor] = (
        [tracebacks, structlog.processors.JSONRenderer(sort_keys=True)]
        if settings.log_format == "json"
        else [structlog.dev.ConsoleRenderer()]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer]
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    logging.captureWarnings(capture=True)
    for chatty in ("tornado.access", "botocore", "boto3", "urllib3", "pymongo", "PIL", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.ERROR if chatty == "tornado.access" else logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(instance=settings.instance_id)

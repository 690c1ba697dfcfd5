"""Log lines: one a line on stderr, ours and those of the libraries, as JSON objects or for the eye."""

from __future__ import annotations

import logging
import re
import sys
import uuid
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["json", "text"]

MOST_IDS = 10
"""Events that one line names."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")


def configure_logging(level: str, form: LogFormat = "json") -> None:
    """From now on; standard-library loggers (uvicorn, aiokafka) join ours.

    A line of JSON has `event`, `level`, `timestamp` (UTC), of a library `logger`, and what else is known: `request`,
    `workspace`, `ids`.
    """
    shown: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render = [
        structlog.processors.format_exc_info,
        _text if form == "text" else structlog.processors.JSONRenderer(),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shown],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        processors=[*shown, *render],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def request_id(given: bytes) -> str:
    """The sender's own (`X-Request-Id`) where it is of a form that can be searched for, else a new one."""
    return given.decode() if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _text(_: WrappedLogger, __: str, line: EventDict) -> str:
    """`LEVEL logger event name=value …`, and below it the traceback where there is one."""
    level, event = str(line.pop("level", "info")).upper(), line.pop("event", "")
    logger, trace = line.pop("logger", "etappe"), line.pop("exception", "")
    line.pop("timestamp", None)
    words = [level, logger, event, *(f"{name}={value}" for name, value in line.items())]
    return "\n".join(filter(None, [" ".join(map(str, words)), trace]))

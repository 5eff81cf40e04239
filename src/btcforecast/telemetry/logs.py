"""Structured logs: one JSON object a line, or coloured text for a person's terminal."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Final, TextIO

import structlog

_QUIET: Final = (
    "alembic",  # tells at every connection what it assumes about DDL
    "httpcore2",  # tells what was answered, headers and all
    "httpx2",  # tells every address that was asked, and what people give us as an address may hold a token
)

_TOKEN: Final = re.compile(r"\b(btc[fr]_|eyJ)[\w.-]{12,}")
"""API keys, refresh tokens and access tokens, which people write into addresses, too."""


def configure_logs(*, level: str, as_json: bool, stream: TextIO | None = None) -> None:
    """Send every log line of this process, the libraries' too, to standard error (or `stream`) in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True)]
        if as_json
        else [
            # The default prints every local variable: thousands of lines, addresses with passwords among them.
            structlog.dev.ConsoleRenderer(
                colors=(stream or sys.stderr).isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last, _masked],
        ),
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _masked(_logger: Any, _method: str, line: Any) -> str:
    """Leave of a token what kind it is."""
    return _TOKEN.sub(r"\1…", line)

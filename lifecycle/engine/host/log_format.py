"""Structured logs: one line for each change, none for a tick; in colour at a terminal, else as JSON."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from types import TracebackType

import structlog
from django.conf import settings
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from registry.secrets import masking

crashes = logging.getLogger("mcpstore.crash")

OF_NO_USE = frozenset(
    {("daphne.server", "HTTP/2 support not enabled (install the http2 and tls Twisted extras)")}
)
"""Lines of libraries, by their loggers: who runs the console can do nothing with them."""


def configure() -> None:
    """Write to standard error, with the time and the level; what libraries log goes the same way.

    A secret value that this process has had in its hands is masked in every line, whoever writes it. Lines
    that are written while a request is answered have its name, `request_id`.
    """
    _remember_own_passwords()
    shared: Sequence[Processor] = (
        _loud_enough,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    renderer = _renderer()
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    handler.addFilter(lambda record: (record.name, record.msg) not in OF_NO_USE)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    _take_over(handler)


def _loud_enough(_logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """Drop what is less severe than the level that is set, which may change at any time."""
    if getattr(logging, method.upper(), logging.ERROR) < logging.getLogger().level:
        raise structlog.DropEvent
    return line


def _take_over(handler: logging.Handler) -> None:
    """Loggers that brought a handler of their own, warnings, and what nobody caught go the same way."""
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if logger.handlers:
            logger.handlers, logger.propagate = [], True
    logging.captureWarnings(True)
    sys.excepthook = _crashed
    threading.excepthook = lambda args: (
        _crashed(args.exc_type, args.exc_value, args.exc_traceback) if args.exc_value else None
    )


def _crashed(kind: type[BaseException], exc: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    crashes.critical("ended by an error of its own", exc_info=(kind, exc, trace))


def _remember_own_passwords() -> None:
    database = str(settings.DATABASES["default"].get("PASSWORD") or "")
    proxy = settings.PROXY.secrets if settings.PROXY else ()
    own = (settings.EMAIL_HOST_PASSWORD, database, settings.SECRET_KEY, *proxy)
    masking.remember(value for value in own if value)


def _renderer() -> list[Processor]:
    """Tracebacks go without the values of variables: those are what must not be in a log."""
    if sys.stderr.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback), _without]
    without_locals = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return [without_locals, structlog.processors.JSONRenderer(ensure_ascii=False), _without]


def _without(_logger: WrappedLogger, _method: str, line: EventDict | str) -> str:
    return masking.mask_remembered(str(line))

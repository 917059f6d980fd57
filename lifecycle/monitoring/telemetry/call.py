"""A tool call that is told of, and to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is known of a call before it is made. `parent` is the traceparent of whoever asked for it."""

    service: str
    tool: str
    transport: str
    protocol: str = ""
    address: str = ""
    port: int | None = None
    parent: str = ""


class Seen(Protocol):
    """One call under way."""

    def ended(self, error_type: str, message: str) -> None:
        """How it ended: `tool_error`, the kind of the failure, or empty where it went well."""

    def meta(self) -> Mapping[str, str]:
        """What goes along in the `_meta` of the request."""


class Sender(Protocol):
    """Where calls are told of; see `otlp.Exporter`."""

    @contextmanager
    def call(self, call: Call) -> Iterator[Seen]:
        """Around one call."""

    def close(self) -> None:
        """Send what is left, within seconds."""


class Silent:
    """Tells nobody; only the trace of whoever asked is passed on."""

    def __init__(self, parent: str = "") -> None:
        self._parent = parent

    def ended(self, error_type: str, message: str) -> None:
        pass

    def meta(self) -> Mapping[str, str]:
        return {"traceparent": self._parent} if self._parent else {}

    @contextmanager
    def call(self, call: Call) -> Iterator[Seen]:
        yield Silent(call.parent)

    def close(self) -> None:
        pass

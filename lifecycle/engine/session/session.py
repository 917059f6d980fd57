"""Our MCP session: the SDK's, with raw requests, and with a limit for each step of the negotiation."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from mcp import ClientSession, MCPError
from mcp.shared.dispatcher import CallOptions
from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    find_invalid_x_mcp_header,
    x_mcp_header_map,
)
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    REQUEST_TIMEOUT,
    UNSUPPORTED_PROTOCOL_VERSION,
    InitializeResult,
)
from mcp_types.version import LATEST_HANDSHAKE_VERSION, MODERN_PROTOCOL_VERSIONS

from lifecycle.core.health.verdict import Kind
from lifecycle.engine.bounded import late
from lifecycle.engine.session.faults.faults import ConnectionFault, classify
from lifecycle.engine.session.faults.trace import TRACE


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long each step of a negotiation may take, in seconds.

    `discover` is for the newer protocol's question and `handshake` for the older one's, `each` for whatever
    is asked once the server has answered something.
    """

    discover: float
    handshake: float
    each: float

    @property
    def total(self) -> float:
        return self.discover + self.handshake + self.each + 1


class Session(ClientSession):
    """Answers are handed out as they came, so that one bad tool does not cost the others."""

    patience: Patience | None = None
    undiscovered: ConnectionFault | None = None
    handshake_took = 0.0
    _again = False

    @property
    def modern(self) -> bool:
        return self.protocol_version in MODERN_PROTOCOL_VERSIONS

    async def send_discover(self, version: str) -> dict[str, Any]:
        """Raw, as the SDK does it, but with our limit: while negotiating, or else the caller's alone."""
        limit = self._limit(self.patience.discover if self.patience else None)
        try:
            with anyio.fail_after(limit), self._noting_the_end():
                return await self._discover(version)
        except TimeoutError:
            self.undiscovered = self.undiscovered or ConnectionFault(late("server/discover", limit or 0))
            raise MCPError(code=REQUEST_TIMEOUT, message="server/discover was not answered") from None

    def _limit(self, first: float | None) -> float | None:
        if self.patience is None or self.protocol_version is not None:
            return None
        return self.patience.each if self._again else first

    async def _discover(self, version: str) -> dict[str, Any]:
        meta = {
            PROTOCOL_VERSION_META_KEY: version,
            CLIENT_INFO_META_KEY: self._client_info.model_dump(by_alias=True, mode="json", exclude_none=True),
            CLIENT_CAPABILITIES_META_KEY: self._build_capabilities(version).model_dump(
                by_alias=True, mode="json", exclude_none=True
            ),
        }
        headers = {MCP_PROTOCOL_VERSION_HEADER: version, MCP_METHOD_HEADER: "server/discover"}
        options: CallOptions = {"cancel_on_abandon": False, "headers": headers}
        raw = await self._dispatcher.send_raw_request("server/discover", {"_meta": meta}, options)
        if isinstance(ttl := raw.get("ttlMs"), (int, float)) and ttl < 0:
            raw["ttlMs"] = 0  # the SDK would take it for no answer of the newer protocol
        return raw

    async def initialize(self) -> InitializeResult:
        """The older handshake.

        A server that refuses it and has not yet answered the newer protocol's question may only have been
        late with that: it is asked once more. If that fails too, the first failure is the one that tells.
        """
        if self._again and self.undiscovered is not None:
            raise self.undiscovered
        limit = self._limit(self.patience.handshake if self.patience else None)
        began = time.monotonic()
        try:
            with anyio.fail_after(limit), self._noting_the_end():
                greeted = await super().initialize()
                self.handshake_took = time.monotonic() - began
                return greeted
        except TimeoutError:
            what = "server/discover and to initialize" if self.undiscovered else "initialize"
            raise ConnectionFault(late(what, limit or 0)) from None
        except MCPError as exc:
            fault = classify(exc, TRACE.get())
            if self.undiscovered is None or fault.lost or fault.kind is Kind.AUTH:
                raise
            self._again = True
            supported = {"supported": list(MODERN_PROTOCOL_VERSIONS), "requested": LATEST_HANDSHAKE_VERSION}
            raise MCPError(
                code=UNSUPPORTED_PROTOCOL_VERSION, message="only the newer protocol is known", data=supported
            ) from exc

    async def ask(
        self, method: str, params: Mapping[str, Any] | None = None, *, cancel: bool
    ) -> dict[str, Any]:
        """Send one request and return its result unread.

        *cancel* tells the server when we stop waiting. Over legacy HTTP a hung server leaves that message
        unanswered and blocks everything behind it, so checks go without.
        """
        data: dict[str, Any] = {"method": method}
        if params is not None:
            data["params"] = dict(params)
        options: CallOptions = {"cancel_on_abandon": cancel or self.modern}
        self._stamp(data, options)
        with self._noting_the_end():
            return await self._dispatcher.send_raw_request(method, data.get("params"), options)

    @contextlib.contextmanager
    def _noting_the_end(self) -> Iterator[None]:
        """Once the streams are closed the SDK answers for the server, with a code that servers use too."""
        try:
            yield
        except MCPError:
            if (trace := TRACE.get()) is not None:
                trace.closed = bool(getattr(self._dispatcher, "_closed", False))
            raise

    def learn_headers(self, tool: str, schema: dict[str, Any]) -> str | None:
        """Remember which arguments of *tool* travel as headers; the reason where it must not be called."""
        if not self.modern:
            return None
        reason = find_invalid_x_mcp_header(schema)
        if reason is None:
            self._x_mcp_header_maps[tool] = x_mcp_header_map(schema)
        return reason

    def headers_of_tools(self) -> dict[str, dict[tuple[str, ...], str]]:
        """Which arguments travel as headers, of the tools that have any."""
        return {tool: named for tool, named in self._x_mcp_header_maps.items() if named}

    def go_on_from(self, other: Session, count: int) -> None:
        """Share what *other* knows of this server's tools, and number requests from its *count* on."""
        self._x_mcp_header_maps = other._x_mcp_header_maps
        self._dispatcher._next_id = count  # type: ignore[attr-defined]

    def know_headers(self, known: Mapping[str, dict[tuple[str, ...], str]]) -> None:
        """As `headers_of_tools` gave them."""
        self._x_mcp_header_maps.update(known)

"""Our MCP session: the SDK's, with raw requests, and with a discovery that leaves time for the handshake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
from mcp import ClientSession, MCPError
from mcp.shared.dispatcher import CallOptions
from mcp.shared.inbound import find_invalid_x_mcp_header, x_mcp_header_map
from mcp_types import METHOD_NOT_FOUND, REQUEST_TIMEOUT, UNSUPPORTED_PROTOCOL_VERSION, InitializeResult
from mcp_types.version import LATEST_HANDSHAKE_VERSION, MODERN_PROTOCOL_VERSIONS


class Session(ClientSession):
    """Answers are handed out as they came, so that one bad tool does not cost the others."""

    discover_limit: float | None = None
    _undiscovered = False

    @property
    def modern(self) -> bool:
        return self.protocol_version in MODERN_PROTOCOL_VERSIONS

    async def send_discover(self, version: str) -> dict[str, Any]:
        try:
            with anyio.fail_after(self.discover_limit):
                return await super().send_discover(version)
        except TimeoutError:
            self._undiscovered = True
            raise MCPError(code=REQUEST_TIMEOUT, message="server/discover was not answered") from None

    async def initialize(self) -> InitializeResult:
        """The older handshake. A server that does not know it was only late with its answer to the newer one.

        That is said in the words by which the SDK asks the newer one again.
        """
        try:
            return await super().initialize()
        except MCPError as exc:
            if not self._undiscovered or exc.code != METHOD_NOT_FOUND:
                raise
            self._undiscovered = False
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
        return await self._dispatcher.send_raw_request(method, data.get("params"), options)

    def learn_headers(self, tool: str, schema: dict[str, Any]) -> str | None:
        """Remember which arguments of *tool* travel as headers; the reason where it must not be called."""
        if not self.modern:
            return None
        reason = find_invalid_x_mcp_header(schema)
        if reason is None:
            self._x_mcp_header_maps[tool] = x_mcp_header_map(schema)
        return reason

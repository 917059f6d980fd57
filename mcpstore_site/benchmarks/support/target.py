"""MCP servers to hold: `target.py http PORT` serves any number of them, `target.py stdio` is one.

`/legacy/N` speaks 2025-11-25 with sessions and ping, `/modern/N` 2026-07-28, `/hang/N` accepts and never
answers. Standard library alone and quick to start, so that what is measured is the console.
"""

from __future__ import annotations

import json
import sys
from typing import Any

MODERN, LEGACY = "2026-07-28", "2025-11-25"
INFO = {"name": "target", "version": "1"}
SCHEMA = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "description": "What to look for, in words"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
        "where": {"type": "array", "items": {"type": "string"}, "description": "Folders"},
    },
    "required": ["query"],
}
TOOLS = [
    {
        "name": f"tool_{number}",
        "description": "Looks for something and says what it found",
        "inputSchema": SCHEMA,
    }
    for number in range(5)
]


def result_of(method: str, modern: bool) -> dict[str, Any] | None:
    """What a well-behaved server answers; None for a method that it does not have."""
    capabilities = {"tools": {"listChanged": True}}
    if method == "tools/list":
        return {"tools": TOOLS}
    if modern:
        return (
            {"supportedVersions": [MODERN], "capabilities": capabilities}
            if method == "server/discover"
            else None
        )
    if method == "initialize":
        return {"protocolVersion": LEGACY, "capabilities": capabilities, "serverInfo": INFO}
    return {} if method == "ping" else None


def answer(message: dict[str, Any], modern: bool) -> bytes:
    """The JSON-RPC answer to one request."""
    head = {"jsonrpc": "2.0", "id": message["id"]}
    result = result_of(message["method"], modern)
    if result is None:
        return json.dumps({**head, "error": {"code": -32601, "message": "Method not found"}}).encode()
    if modern:
        about = {"io.modelcontextprotocol/serverInfo": INFO}
        result = {**result, "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "_meta": about}
    return json.dumps({**head, "result": result}).encode()


def serve_stdio() -> None:
    """One legacy server on standard input and output."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message and "method" in message:
            sys.stdout.write(answer(message, False).decode() + "\n")
            sys.stdout.flush()


def serve_http(port: int) -> None:
    """Serve until killed; prints one line when it listens."""
    import asyncio
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sessions: set[str] = set()

    class Exchange(asyncio.Protocol):
        """One connection: requests with Content-Length, one after the other."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport: Any = transport
            self._data = b""

        def data_received(self, data: bytes) -> None:
            self._data += data
            while (end := self._data.find(b"\r\n\r\n")) >= 0:
                lines = self._data[:end].decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])
                }
                size = end + 4 + int(headers.get("content-length", "0"))
                if len(self._data) < size:
                    return
                body, self._data = self._data[end + 4 : size], self._data[size:]
                verb, path, _ = lines[0].split(" ", 2)
                self._serve(verb, path, headers, body)

        def _serve(self, verb: str, path: str, headers: dict[str, str], body: bytes) -> None:
            if verb != "POST":
                self._reply(405 if verb == "GET" else 200)
            elif not path.startswith("/hang/"):
                self._post(json.loads(body), path, headers.get("mcp-session-id", ""))

        def _post(self, message: dict[str, Any], path: str, session: str) -> None:
            modern = path.startswith("/modern/")
            if modern or message.get("method") == "initialize":
                session = path
                sessions.add(path)
            if session and session not in sessions:
                self._reply(404)
            elif "id" not in message:
                self._reply(202)
            else:
                self._reply(200, answer(message, modern), "" if modern else f"Mcp-Session-Id: {session}\r\n")

        def _reply(self, status: int, body: bytes = b"", more: str = "") -> None:
            kind = "Content-Type: application/json\r\n"
            head = f"HTTP/1.1 {status} X\r\n{kind}Content-Length: {len(body)}\r\n{more}\r\n"
            self._transport.write(head.encode() + body)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Exchange, "127.0.0.1", port, backlog=4096, reuse_address=True)
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    serve_stdio() if sys.argv[1] == "stdio" else serve_http(int(sys.argv[2]))

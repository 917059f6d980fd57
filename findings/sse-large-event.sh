#!/usr/bin/env bash
# An answer of 1.1 MB over the SSE transport ends the whole session of the Python SDK's client: sse_client reads
# events of up to 1 MiB, has no option for more, and the waiting request is told "Connection closed". The same
# answer over streamable HTTP can be read, since streamable_http_client takes max_sse_event_size.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "mcp==2.3.0"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import inspect
import json
import logging
from importlib.metadata import version

from mcp import ClientSession, MCPError
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

logging.disable(logging.CRITICAL)
SIZES = {"small": 900_000, "large": 1_100_000}
streams = []


def answer(message):
    if message["method"] == "initialize":
        return {
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "large", "version": "1"},
        }
    if message["method"] == "tools/list":
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in SIZES]}
    text = "x" * SIZES[message["params"]["name"]]
    return {"content": [{"type": "text", "text": text}]}


async def serve(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    if head.startswith("GET"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        writer.write(b"event: endpoint\r\ndata: /messages?session_id=1\r\n\r\n")
        streams.append(writer)
        return
    length = next(line for line in head.split("\r\n") if line.lower().startswith("content-length"))
    message = json.loads(await reader.readexactly(int(length.split(":")[1])))
    writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()
    if "id" in message:
        data = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer(message)})
        streams[-1].write(f"event: message\r\ndata: {data}\r\n\r\n".encode())


async def call(session, name):
    request = session.call_tool(name, {})
    try:
        result = await asyncio.wait_for(request, 20)
        return f"{len(result.content[0].text):,} characters"
    except MCPError as exc:
        return f"MCPError: {exc}"


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sse"
    seen = []
    try:
        async with sse_client(url) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            for name in ("small", "large", "small"):
                seen.append(await call(session, name))
    except* Exception as group:
        seen.append(type(group.exceptions[0]).__name__)
    print("mcp", version("mcp"))
    for name, what in zip(("small", "large", "small again"), seen):
        print(f"{name}: {what}")
    options = [
        "max_sse_event_size" in inspect.signature(client).parameters
        for client in (sse_client, streamable_http_client)
    ]
    print("max_sse_event_size in sse_client, streamable_http_client:", options)
    assert seen[0] == "900,000 characters", seen
    assert "closed" in seen[1].lower(), seen
    assert options == [False, True], options


asyncio.run(main())
PYTHON

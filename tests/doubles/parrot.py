"""An MCP server that says everything it was given, wherever a server can say something.

Over stdio it repeats the planted part of its environment, and its arguments; over HTTP the path and headers
of each request. It breaks when the file named by its last argument is there: over stdio it exits, over HTTP
it answers 500.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

LEGACY = "2025-11-25"
UNKNOWN = -32601
PLANTED = re.compile("c4nary")
MARKED = {"type": "object", "properties": {"pin": {"type": "string", "format": "password"}}}


def said(given: str) -> str:
    """The text as it is, percent-encoded and in base64, the last two without the rest around the values."""
    words = given.split("\n")
    return "\n".join([*words, *(quote(word, safe="") for word in words), *map(_base64, words)])


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def answer(message: dict[str, Any], given: str) -> dict[str, Any]:
    method, head = message["method"], {"jsonrpc": "2.0", "id": message["id"]}
    text = said(given)
    match method:
        case "initialize":
            info = {"name": text, "version": text}
            capabilities: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}}
            result: dict[str, Any] = {
                "protocolVersion": LEGACY,
                "capabilities": capabilities,
                "serverInfo": info,
            }
            return {**head, "result": result | {"instructions": text}}
        case "ping":
            return {**head, "result": {}}
        case "tools/list":
            schema = {"type": "object", "properties": {"a": {"type": "string", "default": text}}}
            return {**head, "result": {"tools": [_tool("say", text, MARKED), _tool("fail", text, schema)]}}
        case "resources/list":
            return {
                **head,
                "result": {"resources": [{"uri": "parrot://x", "name": "x", "description": text}]},
            }
        case "prompts/list":
            return {**head, "result": {"prompts": [{"name": "p", "description": text}]}}
        case "tools/call":
            asked = json.dumps(message["params"].get("arguments", {}))
            content = [{"type": "text", "text": f"{text}\n{asked}"}]
            failed = message["params"]["name"] == "fail"
            return {
                **head,
                "result": {"content": content, "isError": failed, "structuredContent": {"t": text}},
            }
    return {**head, "error": {"code": UNKNOWN, "message": text, "data": {"t": text}}}


def _tool(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "title": text, "description": text, "inputSchema": schema}


def over_stdio(broken: Path) -> None:
    given = "\n".join([*filter(PLANTED.search, os.environ.values()), *sys.argv[2:]])
    print(said(given), file=sys.stderr, flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        if broken.exists():
            print(f"giving up: {said(given)}", file=sys.stderr, flush=True)
            sys.exit(3)
        if "id" in message and "method" in message:
            print(json.dumps(answer(message, given)), flush=True)


class Parrot(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    broken = Path()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        credentials = [value.partition(" ")[2] for value in self.headers.values() if " " in value]
        given = "\n".join([self.path, *self.headers.values(), *credentials])
        message = json.loads(body)
        if self.broken.exists():
            error = {
                "jsonrpc": "2.0",
                "id": message.get("id"),
                "error": {"code": UNKNOWN, "message": said(given)},
            }
            self._reply(500, json.dumps(error).encode())
        elif "id" not in message:
            self._reply(202, b"")
        else:
            self._reply(200, json.dumps(answer(message, given)).encode())

    def do_GET(self) -> None:
        self._reply(405, self.path.encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("WWW-Authenticate", f"Bearer realm={self.path}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


if __name__ == "__main__":
    flag = Path(sys.argv[-1])
    if sys.argv[1] == "stdio":
        over_stdio(flag)
    else:
        Parrot.broken = flag
        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Parrot).serve_forever()

"""A call as text to copy: for a shell with curl, for Python with fastmcp. Secrets are variables.

A secret stands in the texts that come in as `${secret:NAME}`, as in a stored entry.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from registry.core.entries.placeholders import SECRET

MODERN: Final = "2026-07-28"
LEGACY: Final = "2025-11-25"
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a tool is called: *entry* is of the configuration, *protocol* what was agreed with the server."""

    service: str
    transport: str
    entry: Mapping[str, Any]
    protocol: str = ""
    console: str = ""


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """The text, and the variables that have to be set for it."""

    text: str
    variables: list[str]


def variable(name: str) -> str:
    """The variable of the environment that stands for a secret."""
    found = _NO_NAME.sub("_", name).strip("_").upper()
    return found if found[:1].isalpha() else f"SECRET_{found}"


def curl(target: Target, tool: str, arguments: Mapping[str, Any]) -> Snippet:
    """To the server itself where it speaks HTTP; else, and for SSE, through the console's REST."""
    if target.transport != "streamable-http":
        return _with_variables(_rest(target, tool, arguments), ["MCPSTORE_TOKEN"])
    call = {"name": tool, "arguments": arguments}
    if target.protocol >= MODERN:
        return _with_variables(_modern(target, tool, call), [])
    return _with_variables(_legacy(target, call), [])


def _rest(target: Target, tool: str, arguments: Mapping[str, Any]) -> list[str]:
    url = f"{target.console}/api/v1/services/{target.service}/tools/{quote(tool, safe='/')}/call"
    headers = {"Authorization": "Bearer ${secret:MCPSTORE_TOKEN}", "Content-Type": "application/json"}
    return [_request(url, headers, {"arguments": arguments})]


def _modern(target: Target, tool: str, call: dict[str, Any]) -> list[str]:
    meta = {
        "io.modelcontextprotocol/protocolVersion": target.protocol,
        "io.modelcontextprotocol/clientInfo": {"name": "curl", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    named = {"Mcp-Method": "tools/call"} | (
        {"Mcp-Name": tool} if tool.isascii() and tool.isprintable() else {}
    )
    headers = _headers(target) | {"MCP-Protocol-Version": target.protocol} | named
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call | {"_meta": meta}}
    return [_request(_url(target), headers, body)]


def _legacy(target: Target, call: dict[str, Any]) -> list[str]:
    version = target.protocol or LEGACY
    about = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "curl", "version": "1"}}
    begin = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about}
    url, headers = _url(target), _headers(target)
    first = _request(url, headers, begin, "-D - -o /dev/null")
    later = headers | {"Mcp-Session-Id": "${secret:session}", "MCP-Protocol-Version": version}
    return [
        f"session=$({first} \\\n  | tr -d '\\r' | awk 'tolower($1) == \"mcp-session-id:\" {{ print $2 }}')",
        _request(url, later, {"jsonrpc": "2.0", "method": "notifications/initialized"}),
        _request(url, later, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}),
    ]


def _url(target: Target) -> str:
    return str(target.entry.get("url", ""))


def _headers(target: Target) -> dict[str, str]:
    usual = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    return {**usual, **target.entry.get("headers", {})}


def _request(url: str, headers: Mapping[str, str], body: Any, options: str = "") -> str:
    lines = [f"curl -sS {f'{options} ' if options else ''}{_shell(url)}"]
    lines += [f"  -H {_shell(f'{name}: {value}')}" for name, value in headers.items()]
    return " \\\n".join([*lines, f"  -d {_shell(json.dumps(body, ensure_ascii=False))}"])


def _shell(text: str) -> str:
    """Quoted for a shell; each secret the value of its variable."""
    parts = [
        f'"${_shell_name(part)}"' if secret else shlex.quote(part)
        for part, secret in _parts(text)
        if part or secret
    ]
    return "".join(parts) or "''"


def _shell_name(name: str) -> str:
    return name if name == "session" else variable(name)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Plain text and names of secrets in turn."""
    for at, part in enumerate(SECRET.split(text)):
        yield part, at % 2 == 1


def _with_variables(commands: list[str], known: list[str]) -> Snippet:
    names = [name for name in _used("\n".join(commands)) if name != "session"]
    ordered = list(dict.fromkeys([*known, *names]))
    head = [f"# export {name}=…" for name in ordered]
    return Snippet(text="\n".join([*head, "\n\n".join(commands)]) + "\n", variables=ordered)


def _used(text: str) -> list[str]:
    return re.findall(r'"\$([A-Za-z_][A-Za-z0-9_]*)"', text)


def python(target: Target, tool: str, arguments: Mapping[str, Any]) -> Snippet:
    """With fastmcp's client, which starts a program itself where the service is one."""
    entry = {"transport": "sse"} | dict(target.entry) if target.transport == "sse" else dict(target.entry)
    config = _literal({"mcpServers": {target.service: entry}}, 0)
    call = f"await client.call_tool({_literal(tool, 0)}, {_literal(dict(arguments), 2)})"
    text = _PYTHON.format(os="import os\n" if "os.environ" in config + call else "", config=config, call=call)
    return Snippet(text=text, variables=re.findall(r'os\.environ\["(\w+)"\]', text))


_PYTHON: Final = """\
import asyncio
{os}
from fastmcp import Client

config = {config}


async def main() -> None:
    async with Client(config) as client:
        result = {call}
        print(result.content)


asyncio.run(main())
"""


def _literal(value: Any, depth: int) -> str:
    """A value as Python, over several lines where it has parts."""
    inner, outer = "    " * (depth + 1), "    " * depth
    if isinstance(value, str):
        return _python_text(value)
    if isinstance(value, Mapping) and value:
        rows = (
            f"{inner}{_python_text(str(key))}: {_literal(item, depth + 1)},\n" for key, item in value.items()
        )
        return "{\n" + "".join(rows) + outer + "}"
    if isinstance(value, list | tuple) and value:
        return "[\n" + "".join(f"{inner}{_literal(item, depth + 1)},\n" for item in value) + outer + "]"
    return repr(list(value)) if isinstance(value, tuple) else repr(value)


def _python_text(text: str) -> str:
    parts = [
        f'os.environ["{variable(part)}"]' if secret else _double(part)
        for part, secret in _parts(text)
        if part or secret
    ]
    return " + ".join(parts) or '""'


def _double(text: str) -> str:
    """Between double quotes, as most people write it; JSON's escapes are Python's too."""
    return json.dumps(text, ensure_ascii=not text.isprintable())

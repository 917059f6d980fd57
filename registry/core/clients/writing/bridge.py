"""A remote service through mcp-remote, for a client that cannot speak its transport."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from registry.core.clients.writing.meaning import Meant
from registry.core.entries.placeholders import SECRET
from registry.core.entries.transport import HTTP, STDIO

_ONLY = {HTTP: "http-only"}
_LOCAL = ("localhost", "127.0.0.1", "::1")


def bridged(service: Meant) -> Meant:
    """The program that reaches it. Headers with a secret or a space stand in its environment.

    mcp-remote fills them in itself, and some clients break arguments at spaces.
    """
    args = ["-y", "mcp-remote", service.url, "--transport", _ONLY.get(service.transport, "sse-only")]
    if service.url.lower().startswith("http://") and _host(service.url) not in _LOCAL:
        args.append("--allow-http")
    env: dict[str, str] = {}
    for name, value in service.headers.items():
        if SECRET.search(value) or re.search(r"\s|\$", value):
            variable = _variable(name, env)
            env[variable] = value
            value = f"${{{variable}}}"
        args += ["--header", f"{name}:{value}"]
    return replace(service, transport=STDIO, command="npx", args=tuple(args), env=env, url="", headers={})


def _host(url: str) -> str:
    try:
        return urlsplit(SECRET.sub("x", url)).hostname or ""
    except ValueError:
        return ""


def _variable(header: str, taken: Mapping[str, str]) -> str:
    name = "MCP_HEADER_" + re.sub(r"[^A-Z0-9]", "_", header.upper())
    return next(one for one in (name, *(f"{name}_{n}" for n in range(2, 1000))) if one not in taken)

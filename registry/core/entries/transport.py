"""How a service is spoken to: the spellings of its transport, and addresses that may be one."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from registry.core.documents.places import Place, shorten, show
from registry.core.entries import addresses
from registry.core.entries.addresses import HOME, Rule
from registry.errors import InvalidConfigError

STDIO, HTTP, SSE = "stdio", "streamable-http", "sse"
_SPELLINGS = {
    "stdio": STDIO,
    "local": STDIO,
    "command": STDIO,
    "http": HTTP,
    "https": HTTP,
    "streamable-http": HTTP,
    "streamablehttp": HTTP,
    "streamable": HTTP,
    "http-stream": HTTP,
    "http-streamable": HTTP,
    "httpstream": HTTP,
    "sse": SSE,
    "http+sse": SSE,
    "http-sse": SSE,
    "remote": "",
    "url": "",
}


_OTHER = "Write the address of an MCP server"


def spelled(said: object, place: Place) -> str | None:
    """The transport a document names; "" where it only says that it is remote."""
    if not isinstance(said, str):
        raise InvalidConfigError(show(place), "must be text", 'Write "stdio", "http" or "sse"')
    known = _SPELLINGS.get(re.sub(r"[\s_]+", "-", said.strip().lower()))
    if known is None:
        what = f'"{shorten(said, 40)}" is not a transport'
        raise InvalidConfigError(show(place), what, 'Write "stdio", "http" or "sse"')
    return known


def inferred(url: str) -> str:
    """A path with a segment `sse` is SSE, any other streamable HTTP."""
    parts = split(url)
    return SSE if parts and "sse" in parts.path.lower().split("/") else HTTP


def split(url: str) -> SplitResult | None:
    """The parts of an address that somebody wrote; None where it is none: `check_url` says so."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def check_url(url: str, place: Place, rule: Rule = HOME) -> str:
    """The address, when it can be a service's. The error repeats no part of it: it may hold a secret."""
    at = show(place)
    remedy = "Write an address such as https://example.org/mcp"
    if not url or any(char.isspace() or not char.isprintable() for char in url):
        raise InvalidConfigError(at, "is empty or has a space or control character in it", remedy)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidConfigError(at, "is not an address", remedy) from None
    if parts.scheme not in ("http", "https"):
        raise InvalidConfigError(at, "does not start with http:// or https://", remedy)
    if not host or port == 0:
        raise InvalidConfigError(at, "names no host and port that can be reached", remedy)
    _check_host(host, at, rule)
    return url


def _check_host(host: str, at: str, rule: Rule) -> None:
    """What can be told without looking a name up; the rest is told when connecting."""
    name = host.rstrip(".").lower()
    if name in addresses.METADATA_NAMES:
        raise InvalidConfigError(at, addresses.NEVER, _OTHER)
    local = name == "localhost" or name.endswith(".localhost")
    known = addresses.LOOPBACK if local else (addresses.address_of(host.split("%")[0]),)
    found = [addresses.problem(address, rule) for address in known if address is not None]
    if found and all(found):
        wrong = found[0]
        private = wrong == addresses.PRIVATE
        raise InvalidConfigError(
            at, wrong, "Allow its network in MCPSTORE_EGRESS_ALLOW" if private else _OTHER
        )


def origin(url: str) -> str:
    """Where requests go: scheme, host and port. Never the userinfo; empty for what is no address."""
    parts = split(url)
    if not (parts and parts.scheme and parts.netloc):
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()

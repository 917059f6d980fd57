"""Whether a server's tools changed, by the answers to its checks, where nothing else tells of it. Pure.

A server that keeps no session and promises no notice says nothing when it is deployed again. So its check
asks for the tools, or, where these are many, looks at its version. What differs is answered by a reading of
the lists; what keeps differing is looked at ever more rarely.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SMALL = 32 * 1024
LARGE = b""
LONGEST = 7200.0
CALM = 20
FREE = 2
KEPT = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
LIST, DISCOVER = "tools/list", "server/discover"
SERVER_INFO = "io.modelcontextprotocol/serverInfo"


class ToolWatch:
    """Of one connection. `looks_at` is the request whose answer is compared at this check, if any is."""

    __slots__ = ("_calm", "_large", "_read", "_seen", "_skips", "_times", "looks_at")

    def __init__(self) -> None:
        self._read: bytes | None = None
        self._seen: bytes | None = None
        self._large = False
        self._calm = self._skips = self._times = 0
        self.looks_at = ""

    def read(self, mark: bytes | None) -> None:
        """The lists were read, and gave this `mark_of`; None where nothing is to be watched."""
        self._large = mark == LARGE
        self._read = (self._seen or LARGE) if self._large else mark

    @property
    def looks_for(self) -> str:
        """The request that most checks compare; empty where none does."""
        if self._read is None:
            return ""
        return DISCOVER if self._large else LIST

    def turn(self, *, plain: bool) -> str:
        """At the beginning of each check; one that is *plain* compares nothing."""
        self.looks_at = ""
        if self._read is None or plain:
            return ""
        if self._skips:
            self._skips -= 1
            return ""
        self.looks_at = self.looks_for
        return self.looks_at

    def differs(self, result: Mapping[str, Any], interval: float) -> bool:
        """Whether the lists are to be read again; *interval* lies between checks, in seconds."""
        mark = _version_mark(result) if self._large else tools_mark(result)
        if self._large:
            self._read, self._seen = self._read or mark, mark
        if mark == self._read:
            self.same()
            return False
        self.disturbed(interval)
        return True

    def same(self) -> None:
        """Nothing differs; after a while of that, what was before is forgotten."""
        self._calm += 1
        if self._calm >= CALM:
            self._times = 0

    def disturbed(self, interval: float) -> None:
        """It differs, or it takes too long: twice in a row that may be, then checks are passed over."""
        self._calm = 0
        self._times += 1
        checks = min(2 ** min(max(self._times - FREE, 0), 30), int(LONGEST / max(interval, 0.001)))
        self._skips = max(checks - 1, 0)


def mark_of(result: Mapping[str, Any], size: int) -> bytes:
    """What is remembered of the first page of the tools, which came in *size* bytes."""
    paged = result.get("nextCursor") is not None
    return LARGE if paged or size > SMALL else tools_mark(result)


def tools_mark(result: Mapping[str, Any]) -> bytes:
    """The same for the same tools in any order, whatever else comes with the answer."""
    tools = result.get("tools")
    marks = [_mark(_kept(tool)) for tool in (tools if isinstance(tools, list) else [])]
    return hashlib.blake2b(b"".join(sorted(marks)), digest_size=8).digest()


def _kept(tool: Any) -> Any:
    return {key: tool.get(key) for key in KEPT} if isinstance(tool, dict) else tool


def _version_mark(result: Mapping[str, Any]) -> bytes:
    """Of the answer to `server/discover`: the name and the version of the server."""
    meta = result.get("_meta")
    info = result.get("serverInfo") or (meta.get(SERVER_INFO) if isinstance(meta, dict) else None)
    info = info if isinstance(info, dict) else {}
    return _mark([info.get("name"), info.get("version")])


def _mark(value: Any) -> bytes:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=8).digest()

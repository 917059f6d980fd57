"""What the tests of connections share: entries, a connector, and a look at processes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.health.verdict import Fault
from lifecycle.engine.session.connection import Connection, ConnectionFault, Connector
from registry.core.entries.entry import ServiceConfig

STDIO_DOUBLE = Path(__file__).resolve().parent.parent / "doubles" / "stdio_server.py"
ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


def stdio(fault: str = "ok", era: str = "legacy", **fields: Any) -> ServiceConfig:
    args = ("-I", "-S", str(STDIO_DOUBLE), fault, era)
    return ServiceConfig(transport="stdio", command=sys.executable, args=args, **fields)


def http(url: str, **fields: Any) -> ServiceConfig:
    return ServiceConfig(transport="streamable-http", url=url, **fields)


class Holder:
    """A connector, and what its connections reported."""

    def __init__(self, run_dir: Path) -> None:
        self.connector = Connector(run_dir=run_dir, worker="test")
        self.run_dir = run_dir
        self.lost: list[Fault] = []
        self.changes = 0
        self._open: list[Connection] = []

    def trust(self, authority: Path) -> None:
        """Take certificates that this one signed."""
        self.connector.http._context.load_verify_locations(authority)

    def _changed(self) -> None:
        self.changes += 1

    async def open(
        self, entry: ServiceConfig, *, mode: str = "auto", timeout: float = 8, name: str = "s"
    ) -> Connection:
        connection = await self.connector.open(
            entry,
            name=name,
            mode=mode,
            timeout=timeout,
            on_lost=self.lost.append,
            on_tools_changed=self._changed,
        )
        self._open.append(connection)
        return connection

    async def aclose(self) -> None:
        await asyncio.gather(*(connection.close(force=True) for connection in self._open))
        await self.connector.aclose()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


async def until(condition: Callable[[], bool], limit: float = 5) -> float:
    """Wait for *condition*; the seconds it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < limit, "it did not happen in time"
        await asyncio.sleep(0.01)
    return time.monotonic() - started


async def refused(holder: Holder, url: str, limit: float = 3, **fields: object) -> ConnectionFault:
    with pytest.raises(ConnectionFault) as caught:
        await holder.open(http(url, **fields), timeout=limit)
    return caught.value

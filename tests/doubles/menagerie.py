"""All faults of the fault server at once: each path of this one server has its own.

`/MODE/ERA/mcp` misbehaves from the beginning, `/held/MODE/ERA/mcp` is right until a GET of `/mode/turned`.
As a program: `python -m tests.doubles.menagerie PORT`.
"""

from __future__ import annotations

import asyncio
import sys

from tests.doubles.fault_server import FaultServer


class Menagerie(FaultServer):
    """Slow answers take 1.5 s here."""

    def __init__(self, port: int) -> None:
        super().__init__(port=port, delay=1.5)

    def fault(self, path: str) -> tuple[str, str]:
        *held, mode, era, _ = path.removeprefix("/").split("/")
        return ("ok" if held and self.mode != "turned" else mode), era


async def main(port: int) -> None:
    async with Menagerie(port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

"""A small FastMCP server to run as a program; further arguments only mark it in the process list."""

from __future__ import annotations

import argparse
import asyncio
import os
from typing import Literal

from fastmcp import FastMCP

Transport = Literal["stdio", "http", "sse"]


def build(name: str, tools: int) -> FastMCP[None]:
    server: FastMCP[None] = FastMCP(name)

    @server.tool
    def add(a: int, b: int) -> int:
        """Add two whole numbers."""
        return a + b

    @server.tool
    async def wait(seconds: float) -> str:
        """Answer after some seconds."""
        await asyncio.sleep(seconds)
        return f"waited {seconds:g} s"

    @server.tool
    def fail(message: str) -> str:
        """Fail with a message."""
        raise ValueError(message)

    @server.tool
    def environment(name: str) -> str:
        """The value of one environment variable of this process."""
        return os.environ.get(name, "")

    for number in range(tools):
        server.tool(lambda text: f"{text}", name=f"extra_{number}", description="Says it again.")
    return server


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="test-server")
    parser.add_argument("--transport", choices=["stdio", "http", "sse"], default="stdio")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tools", type=int, default=0, help="how many more tools than the four")
    options, _ = parser.parse_known_args()
    server = build(options.name, options.tools)
    if options.transport == "stdio":
        server.run(transport="stdio", show_banner=False)
    else:
        server.run(
            transport=options.transport,
            host="127.0.0.1",
            port=options.port,
            show_banner=False,
            log_level="error",
            uvicorn_config={"timeout_graceful_shutdown": 1},
        )


if __name__ == "__main__":
    main()

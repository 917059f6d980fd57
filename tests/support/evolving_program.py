"""A FastMCP server over HTTP whose tool `transfer` asks for more once `evolve` was called."""

from __future__ import annotations

import sys

from fastmcp import FastMCP
from fastmcp.tools import Tool

server: FastMCP[None] = FastMCP("evolving")


def transfer(amount: int) -> str:
    """Move an amount."""
    return f"moved {amount}"


def transfer_to(amount: int, account: str) -> str:
    """Move an amount to an account."""
    return f"moved {amount} to {account}"


server.add_tool(Tool.from_function(transfer, name="transfer"))


@server.tool
def evolve() -> str:
    """Give `transfer` another contract."""
    server.local_provider.remove_tool("transfer")
    server.add_tool(Tool.from_function(transfer_to, name="transfer"))
    return "evolved"


if __name__ == "__main__":
    server.run(
        transport="http",
        host="127.0.0.1",
        port=int(sys.argv[1]),
        show_banner=False,
        log_level="error",
        uvicorn_config={"timeout_graceful_shutdown": 1},
    )

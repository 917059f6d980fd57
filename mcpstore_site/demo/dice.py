"""A demonstration service over SSE: dice and coins."""

import secrets
import sys

from fastmcp import FastMCP

server = FastMCP("dice", instructions="Rolls dice.")


@server.tool
def roll(sides: int = 6, count: int = 1) -> list[int]:
    """Roll *count* dice with so many sides."""
    if not (2 <= sides <= 1000 and 1 <= count <= 100):
        raise ValueError("between 2 and 1000 sides, and between 1 and 100 dice")
    return [secrets.randbelow(sides) + 1 for _ in range(count)]


@server.tool
def flip() -> str:
    """Flip a coin."""
    return secrets.choice(("heads", "tails"))


if __name__ == "__main__":
    server.run(
        transport="sse", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False, log_level="warning"
    )

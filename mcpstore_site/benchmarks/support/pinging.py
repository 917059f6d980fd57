"""The floor of a check: a bare ping over held connections, by the least client that can be written.

`python -m … .support.pinging PORT COUNT` prints the milliseconds of its own CPU for each ping.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

CONNECTIONS = 50
BODY = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
HEAD = (
    "POST /legacy/0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "Accept: application/json, text/event-stream\r\nContent-Length: {size}\r\n\r\n"
)


async def ping(port: int, times: int) -> None:
    """*times* pings on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = HEAD.format(size=len(BODY)).encode() + BODY
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if "result" not in json.loads(await reader.readexactly(size)):
            raise SystemExit("the target does not answer a ping")
    writer.close()


async def main(port: int, count: int) -> None:
    """Measure and print."""
    started = time.process_time()
    each = -(-count // CONNECTIONS)
    await asyncio.gather(*(ping(port, each) for _ in range(CONNECTIONS)))
    spent = time.process_time() - started
    sys.stdout.write(f"{1000 * spent / (each * CONNECTIONS):.4f}\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))

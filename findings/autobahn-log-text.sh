#!/usr/bin/env bash
# Autobahn, which Daphne serves WebSockets with, makes the coloured text of a debug line for every write to a socket,
# also where nothing is logged: a name, an address and a number for each frame, half of what Autobahn itself needs for
# one. On a live page with a thousand browsers that is a tenth of the cost. Guessed before: next to nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "autobahn==26.10.2" "twisted==26.10.0"
"$folder/venv/bin/python" - <<'PYTHON'
import time
from importlib.metadata import version

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket import protocol as inside
from twisted.internet.testing import StringTransport

FRAMES = 5000
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
made = []


def counted(name):
    own = getattr(inside, name)

    def count(value):
        made.append(own(value))
        return made[-1]

    return count


def opened():
    factory = WebSocketServerFactory()
    factory.protocol = WebSocketServerProtocol
    socket = factory.buildProtocol(None)
    socket.makeConnection(StringTransport())
    socket.dataReceived(HANDSHAKE)
    assert socket.state == socket.STATE_OPEN
    return socket


def seconds(socket):
    began = time.perf_counter()
    for _ in range(FRAMES):
        socket.sendMessage(b"a frame of a live page")
    return time.perf_counter() - began


socket, own = opened(), (inside.hltype, inside.hlval)
as_it_is = min(seconds(socket) for _ in range(5))
inside.hltype = inside.hlval = lambda value: ""
without = min(seconds(socket) for _ in range(5))
inside.hltype, inside.hlval = own
inside.hltype, inside.hlval = counted("hltype"), counted("hlval")
socket.sendMessage(b"one more")
print("autobahn", version("autobahn"), "twisted", version("twisted"))
print(f"one frame, nothing logged: {len(made)} texts made: {made}")
print(f"{1e6 * as_it_is / FRAMES:.1f} µs a frame, {1e6 * without / FRAMES:.1f} µs without them")
assert any("sendData" in text for text in made), made
assert len(made) >= 3, made
PYTHON

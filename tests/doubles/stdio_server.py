"""An MCP server over stdio with one fault, by its first argument; the second is the era, the third
a pause before each answer. Quick to start.

Faults: ok, everything, slow-start, mute, exit, exits, exit-late, garbage, not-utf8, big-line, huge-line,
endless-line, endless-lines, no-ping, mute-discover, hang, stubborn, orphan, stubborn-orphan, flood, stderr-
flood, env, tell, chatter. An orphan is a grandchild in a session of its own; its number goes to stderr.
`tell` writes the value of API_KEY there, in two halves; `exits` answers everything and ends half a second
after its start; `chatter` logs without end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.doubles.protocol import answer

FAULT = sys.argv[1] if len(sys.argv) > 1 else "ok"
ERA = sys.argv[2] if len(sys.argv) > 2 else "legacy"
PAUSE = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
HUGE = 50 * 1024 * 1024
SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


def write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def chatter() -> None:
    number = 0
    while True:
        number += 1
        print("line", number, file=sys.stderr, flush=True)
        time.sleep(0.1)


def at_start() -> None:
    match FAULT:
        case "slow-start":
            time.sleep(2)
        case "exit":
            print("first line\nno key was given: set API_KEY", file=sys.stderr)
            sys.exit(3)
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case "orphan" | "stubborn-orphan":
            if FAULT == "stubborn-orphan":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            grandchild = subprocess.Popen(SLEEP, start_new_session=True, stdout=subprocess.DEVNULL)
            print(grandchild.pid, file=sys.stderr, flush=True)
        case "tell":
            key = os.environ["API_KEY"]
            print("listening with", key[:5], sep=" ", end="", file=sys.stderr, flush=True)
            time.sleep(0.05)
            print(key[5:] + "\nready", file=sys.stderr, flush=True)
        case "chatter":
            threading.Thread(target=chatter, daemon=True).start()
        case "garbage":
            for number in range(2000):
                write(f"this is a log line by mistake, number {number}\n".encode())
            write(b'{"jsonrpc": "2.0", "nonsense": tru\n[1, 2]\n"text"\n')
        case "not-utf8":
            write(b"\xff\xfe\xfa broken\n")
        case "mute":
            time.sleep(600)
        case "exits":
            threading.Timer(0.5, lambda: os._exit(4)).start()
        case "stderr-flood":
            threading.Thread(target=flood_stderr, daemon=True).start()


def flood_stderr() -> None:
    while True:
        sys.stderr.buffer.write(b"another warning that nobody reads\n" * 1000)


def flood_stdout(chunk: bytes) -> None:
    while True:
        sys.stdout.buffer.write(chunk)


def before(message: dict[str, Any]) -> bool:
    """Do what the fault asks for at this request; False leaves it unanswered."""
    method = str(message["method"])
    if FAULT == "no-ping":
        return method != "ping"
    if FAULT == "mute-discover":
        return method != "server/discover"
    match FAULT:
        case "huge-line":
            for _ in range(HUGE // 65536):
                write(b"x" * 65536)
            write(b"\n")
        case "endless-line":
            flood_stdout(b"x" * 65536)
        case "endless-lines":
            flood_stdout(b"debug: still here\n" * 1000)
    if method == "tools/call":
        match FAULT:
            case "big-line":
                write(b'{"jsonrpc": "2.0", "id": %d, "result": "' % message["id"])
                write(b"x" * (17 * 1024 * 1024) + b'"}\n')
                return False
            case "exit-late":
                print("out of memory", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(600)
            case "flood":
                note = b'{"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": 1}}\n'
                text = {"junk": b"junk\n", "notes": note, "stderr": b"junk\n"}
                kind = str(message["params"]["arguments"]["message"])
                stream = sys.stderr.buffer if kind == "stderr" else sys.stdout.buffer
                while True:
                    stream.write(text[kind] * 1000)
            case "env":
                message["params"]["arguments"]["message"] = json.dumps(dict(os.environ))
    return True


def main() -> None:
    at_start()
    for line in sys.stdin:
        message = json.loads(line)
        time.sleep(PAUSE)
        if "id" in message and "method" in message and before(message):
            write(json.dumps(answer(message, FAULT, ERA)).encode() + b"\n")
    if FAULT.startswith("stubborn"):
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()

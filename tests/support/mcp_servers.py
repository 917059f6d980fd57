"""Real MCP servers: our own small one that can be killed and come back, and the published ones."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from tests.support.console import MARK, eventually
from tests.support.ports import free_port
from tests.support.tools import ROOT, fastmcp3, node, npm_server

FASTMCP_PROGRAM = str(ROOT / "tests" / "support" / "fastmcp_program.py")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class ServerProcess:
    """A server that listens on one port for as long as the test likes, through kills and restarts."""

    def __init__(self, command: list[str], port: int, path: str, environment: dict[str, str]) -> None:
        self.command, self.port, self.environment = command, port, environment
        self.url = f"http://127.0.0.1:{port}{path}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(lambda: listens(self.port), f"{self.command} listens", 30)

    def kill(self) -> None:
        """End it as the kernel would, without a word to its clients."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """From now on it accepts connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class FastMCPServer(ServerProcess):
    """FastMCP 4 over HTTP (four tools: add, wait, fail, environment)."""

    def __init__(self, transport: str = "http", tools: int = 0, name: str = "test-server") -> None:
        port = free_port()
        options = ["--transport", transport, "--port", str(port), "--tools", str(tools), "--name", name]
        path = "/sse" if transport == "sse" else "/mcp"
        super().__init__([sys.executable, FASTMCP_PROGRAM, *options], port, path, {})


class GuardedServer(ServerProcess):
    """FastMCP 4 or 3 that wants a token: of its own making, or of *issuer*."""

    def __init__(self, version: int = 4, issuer: str = "", lasts: int = 3600) -> None:
        port, python = free_port(), sys.executable if version == 4 else fastmcp3()
        program = str(ROOT / "tests" / "support" / "oauth_program.py")
        options = [str(port), "--issuer", issuer, "--lasts", str(lasts)]
        super().__init__([python, program, *options], port, "/mcp", {})


class EverythingServer(ServerProcess):
    """The protocol's reference server over `streamableHttp` or `sse`."""

    def __init__(self, transport: str) -> None:
        port = free_port()
        command = [node(), str(npm_server("server-everything")), transport]
        path = "/sse" if transport == "sse" else "/mcp"
        super().__init__(command, port, path, {"PORT": str(port)})


class LightServer(ServerProcess):
    """The server of the doubles as a program: up in a moment, so it may go up and down often."""

    def __init__(self, mode: str = "ok", era: str = "modern") -> None:
        port = free_port()
        command = [sys.executable, "-m", "tests.doubles.fault_server", str(port), mode, era]
        super().__init__(command, port, "/mcp", {"PYTHONPATH": str(ROOT)})


class MenagerieServer(ServerProcess):
    """All faults at once, by the path: `/MODE/ERA/mcp`."""

    def __init__(self) -> None:
        port = free_port()
        command = [sys.executable, "-m", "tests.doubles.menagerie", str(port)]
        super().__init__(command, port, "", {"PYTHONPATH": str(ROOT)})


def light_entry(mark: str, fault: str = "ok") -> dict[str, Any]:
    """A stdio server that is up in a moment; `orphan` also starts a grandchild in a session of its own."""
    program = str(ROOT / "tests" / "doubles" / "stdio_server.py")
    return {"command": sys.executable, "args": [program, fault], "env": {MARK: mark}}


def fastmcp_entry(*more: str) -> dict[str, Any]:
    """An mcp.json entry that runs our small server over stdio; *more* marks its process."""
    return {"command": sys.executable, "args": [FASTMCP_PROGRAM, *more]}


def npm_entry(name: str, *arguments: str) -> dict[str, Any]:
    return {"command": node(), "args": [str(npm_server(name)), *arguments]}


def python_entry(program: str, *arguments: str) -> dict[str, Any]:
    """A server that pip installed beside the tests."""
    return {"command": str(Path(sys.executable).with_name(program)), "args": list(arguments)}

"""Three small services to try the console with: one for each transport."""

from __future__ import annotations

import json
import socket
import sys
from datetime import datetime
from pathlib import Path

from registry.models import Role, Service
from registry.services import register

HERE = Path(__file__).resolve().parent
PATHS = {"notes": "mcp", "dice": "sse"}


def add(record: Path, now: datetime) -> None:
    """Register them, if no service is registered yet; their ports are kept in the file *record*."""
    if Service.objects.exists():
        return
    ports = {name: _free_port() for name in PATHS}
    entries: dict[str, object] = {"clock": {"command": sys.executable, "args": [str(HERE / "clock.py")]}}
    entries |= {name: {"url": _url(name, port)} for name, port in ports.items()}
    record.write_text(json.dumps(ports))
    register.register({"mcpServers": entries}, by="demonstration", role=Role.ADMIN, now=now)


def commands(record: Path) -> dict[str, list[str]]:
    """The command lines that serve those of them that are still registered."""
    if not record.exists():
        return {}
    ports: dict[str, int] = json.loads(record.read_text())
    wanted = set(Service.objects.listed().values_list("endpoint", flat=True))
    return {
        f"demo {name}": [sys.executable, str(HERE / f"{name}.py"), str(port)]
        for name, port in ports.items()
        if _url(name, port) in wanted
    }


def _url(name: str, port: int) -> str:
    return f"http://127.0.0.1:{port}/{PATHS[name]}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

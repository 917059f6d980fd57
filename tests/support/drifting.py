"""An exported mcp.json, edits of it by hand, and what is noted and shown of them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from registry.mcpjson import drift, image
from registry.mcpjson.drift import Look
from registry.models import RegistryHead, Role
from tests.support.registering import NOW, URL, outcomes

LATER = NOW + timedelta(seconds=7)
WEATHER = {"url": URL, "headers": {"Authorization": "Bearer canary-1"}, "x-odd": [1]}
FILES = {"command": "npx", "args": ["-y", "files"]}


def edit(file: Path, **entries: Any) -> bytes:
    """Change entries in the file as a person would; None takes one out."""
    content = json.loads(file.read_text())
    servers = content["mcpServers"] | entries
    content["mcpServers"] = {name: entry for name, entry in servers.items() if entry is not None}
    file.write_text(json.dumps(content, indent=4))
    return file.read_bytes()


def sha(file: Path) -> str:
    return image.sha_of(file.read_bytes())


def noted() -> tuple[str, Any]:
    head = RegistryHead.objects.get()
    return head.drift_sha256, head.drift_seen_at


def looked(role: Role = Role.ADMIN) -> Look:
    found = drift.current(role)
    assert found is not None
    return found


def take(file: Path, role: Role = Role.ADMIN, **values: str) -> list[tuple[str, str]]:
    return outcomes(drift.take(sha(file), by="bea", role=role, now=LATER, values=values))

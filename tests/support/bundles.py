"""Small bundles around manifests as publishers write them."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Mapping
from typing import Any

SERVER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    answers = {
        "initialize": {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "bundled", "version": "1.0"},
        },
        "tools/list": {"tools": [{"name": "greet", "inputSchema": {"type": "object"}}]},
        "ping": {},
    }
    known = answers.get(asked["method"])
    answer = {"result": known} if known is not None else {"error": {"code": -32601, "message": "no"}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"]} | answer), flush=True)
"""


def manifest(server: Mapping[str, Any], name: str = "hello", **more: Any) -> dict[str, Any]:
    known = {"manifest_version": "0.3", "version": "1.0.0", "description": "Says hello"}
    return known | {"name": name, "author": {"name": "Example"}, "server": dict(server)} | more


def bundle(tree: Any, files: Mapping[str, str] | None = None, runs: tuple[str, ...] = ()) -> bytes:
    """The archive of a manifest and these files; those of *runs* may be executed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", tree if isinstance(tree, str) else json.dumps(tree))
        for name, text in (files or {}).items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFREG | (0o755 if name in runs else 0o644)) << 16
            archive.writestr(entry, text)
    return made.getvalue()


def python(*args: str, **env: str) -> dict[str, Any]:
    config = {"command": "python", "args": ["${__dirname}/server/main.py", *args]}
    made = {"type": "python", "entry_point": "server/main.py", "mcp_config": config}
    return made | ({"mcp_config": config | {"env": env}} if env else {})

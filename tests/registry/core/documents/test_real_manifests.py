"""Manifests of publishers' bundles, of each version, become what starts them: names changed, as facts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.core.documents import dialects
from tests.support.bundles import manifest

DIR = "${bundle.__dirname}"


def node(entry: str = "server/index.js", **more: Any) -> dict[str, Any]:
    config = {"command": "node", "args": [f"${{__dirname}}/{entry}"], **more}
    return {"type": "node", "entry_point": entry, "mcp_config": config}


def uv(*args: str, **more: Any) -> dict[str, Any]:
    config = {"command": "uv", "args": ["run", "--directory", "${__dirname}", *args], **more}
    return {"type": "uv", "entry_point": "src/server.py", "mcp_config": config}


def binary(path: str, *args: str, **more: Any) -> dict[str, Any]:
    config = {"command": f"${{__dirname}}/{path}", "args": list(args), **more}
    return {"type": "binary", "entry_point": path, "mcp_config": config}


def asks(kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"type": kind, "title": "T", "description": "D", **more}


def python(**more: Any) -> dict[str, Any]:
    config = {"command": "python", "args": ["${__dirname}/server/main.py"], **more}
    return {"type": "python", "entry_point": "server/main.py", "mcp_config": config}


NPX = {
    "type": "node",
    "entry_point": "dist/index.js",
    "mcp_config": {
        "command": "npx",
        "args": ["-y", "--package=example", "example"],
        "env": {"API_KEY": "${user_config.api_key}"},
    },
}
NATIVE = ("--workspace", "${user_config.workspace}", "--allow", "${user_config.origins}")
SYSLOG = {"DB": "${user_config.data_dir}/syslog.db", "RUST_LOG": "warn"}
WINDOWS = {"platform_overrides": {"win32": {"command": "${__dirname}/bin/tool.exe"}}}
DEBUG = {"PYTHONPATH": "${__dirname}/server:${__dirname}/server/lib", "PYTHONUNBUFFERED": "1"}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "0.1 by its old name": (
        {"dxt_version": "0.1", "manifest_version": None, "server": node("dist/index.js")},
        {"command": "node", "args": [f"{DIR}/dist/index.js"]},
        [],
    ),
    "0.1 python": (
        {
            "dxt_version": "0.1",
            "server": {
                "type": "python",
                "entry_point": "server/main.py",
                "mcp_config": {
                    "command": "python",
                    "args": ["${__dirname}/server/main.py"],
                    "cwd": "${__dirname}",
                    "env": DEBUG,
                },
            },
        },
        {
            "command": "python",
            "args": [f"{DIR}/server/main.py"],
            "cwd": DIR,
            "env": {"PYTHONPATH": f"{DIR}/server:{DIR}/server/lib", "PYTHONUNBUFFERED": "1"},
        },
        [],
    ),
    "0.1 with folders": (
        {
            "dxt_version": "0.1",
            "server": node(env={"ALLOWED": "${user_config.folders}", "MAX": "${user_config.size}"}),
            "user_config": {
                "folders": asks("directory", multiple=True, required=True, default=["${HOME}/Desktop"]),
                "size": asks("number", default=10),
            },
        },
        {
            "command": "node",
            "args": [f"{DIR}/server/index.js"],
            "env": {"ALLOWED": "${user_config.folders}", "MAX": "${user_config.size:-10}"},
        },
        ["user_config.folders", "user_config.size"],
    ),
    "0.2 binary with a path asked for": (
        {
            "manifest_version": "0.2",
            "server": binary("linux-x64/srv", "--console", "${user_config.console}"),
            "user_config": {"console": asks(sensitive=False, required=True)},
        },
        {"command": f"{DIR}/linux-x64/srv", "args": ["--console", "${user_config.console}"]},
        ["user_config.console"],
    ),
    "0.3 npx": (
        {
            "server": {
                "type": "node",
                "entry_point": "dist/index.js",
                "mcp_config": {
                    "command": "npx",
                    "args": ["-y", "--package=example", "example"],
                    "env": {"API_KEY": "${user_config.api_key}"},
                },
            },
            "user_config": {"api_key": asks(sensitive=True, required=False)},
        },
        {
            "command": "npx",
            "args": ["-y", "--package=example", "example"],
            "env": {"API_KEY": "${user_config.api_key}"},
        },
        ["user_config.api_key"],
    ),
    "0.3 binary": (
        {"server": binary("server/vault", "serve", "--stdio")},
        {"command": f"{DIR}/server/vault", "args": ["serve", "--stdio"]},
        [],
    ),
    "0.3 binary for Windows too": (
        {"server": binary("bin/tool", "--stdio", env={"SOME": "value"}, **WINDOWS)},
        {"command": f"{DIR}/bin/tool", "args": ["--stdio"], "env": {"SOME": "value"}},
        [],
    ),
    "0.3 with an origin list": (
        {
            "server": binary(
                "server/native",
                "--workspace",
                "${user_config.workspace}",
                "--allow",
                "${user_config.origins}",
                env={},
            ),
            "user_config": {"workspace": asks("directory", required=True), "origins": asks(default="[]")},
        },
        {
            "command": f"{DIR}/server/native",
            "args": ["--workspace", "${user_config.workspace}", "--allow", "${user_config.origins:-[]}"],
            "env": {},
        },
        ["user_config.workspace", "user_config.origins"],
    ),
    "0.4 uv": (
        {
            "manifest_version": "0.4",
            "server": uv("fantasy", env={"LEAGUE": "${user_config.league}"}),
            "user_config": {"league": asks(sensitive=True, required=True)},
        },
        {
            "command": "uv",
            "args": ["run", "--directory", DIR, "fantasy"],
            "env": {"LEAGUE": "${user_config.league}"},
        },
        ["user_config.league"],
    ),
    "0.4 uv that says nothing of its start": (
        {"manifest_version": "0.4", "server": {"type": "uv", "entry_point": "src/server.py"}},
        {"command": "uv", "args": ["run", "--directory", DIR, "src/server.py"]},
        [],
    ),
    "0.4 binary with a value within a path": (
        {
            "manifest_version": "0.4",
            "server": binary(
                "server/syslog", "mcp", env={"DB": "${user_config.data_dir}/syslog.db", "RUST_LOG": "warn"}
            ),
            "user_config": {"data_dir": asks("directory", required=True)},
        },
        {
            "command": f"{DIR}/server/syslog",
            "args": ["mcp"],
            "env": {"DB": "${user_config.data_dir}/syslog.db", "RUST_LOG": "warn"},
        },
        ["user_config.data_dir"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_manifest_becomes_what_starts_its_bundle(name: str) -> None:
    given, entry, asked = CASES[name]
    document = dialects.find(json.dumps(manifest(**given)))
    (found,) = document.found
    assert {key: found.raw[key] for key in found.raw if key != "description"} == entry
    assert [name for name in document.inputs if name.startswith("user_config.")] == asked


def test_without_a_start_only_uv_is_known() -> None:
    with pytest.raises(Exception, match=r"without server\.mcp_config"):
        dialects.find(json.dumps(manifest({"type": "node", "entry_point": "index.js"})))

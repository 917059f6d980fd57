"""What each file in `data/clients` means to its client, entry by entry; seen in the versions that are named.

codex-cli 0.171.0, Gemini CLI 0.61.0, opencode 1.18.33, Claude Code 2.1.197, Cline 3.0.65, mcp-remote 0.15.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STDIO, HTTP, SSE = "stdio", "streamable-http", "sse"


@dataclass(frozen=True, kw_only=True)
class Meant:
    """One entry: `said` are parts of notes that a person reads before saving; values are those answered."""

    transport: str = STDIO
    call: float | None = None
    start: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    program: str = ""
    args: tuple[str, ...] | None = None
    on: bool = True
    inert: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


FILES: Mapping[str, tuple[str, Mapping[str, Meant]]] = {
    "cline_mcp_settings.json": (
        "Cline settings",
        {
            "reports": Meant(call=1800, inert=("autoApprove",), assumed=("unit",)),
            "prices": Meant(transport=SSE),
            "stock": Meant(transport=SSE),
            "orders": Meant(transport=HTTP, call=30),
            "ledger": Meant(transport=SSE, headers={"X-Book": "main"}, said=("its content is read as part",)),
            "archive": Meant(call=120),
        },
    ),
    "roo.json": (
        "Roo Code settings",
        {
            "search": Meant(call=1800, inert=("alwaysAllow", "disabledTools", "watchPaths")),
            "maps": Meant(transport=HTTP, call=45, inert=("alwaysAllow",), assumed=("unit",)),
        },
    ),
    "zed-settings.json": (
        "Zed settings",
        {
            "notes": Meant(call=1800, env={"NOTES_DIR": "/srv/notes"}),
            "wiki": Meant(transport=HTTP, call=20, assumed=("transport",)),
        },
    ),
    "opencode.json": (
        "opencode configuration",
        {
            "lint": Meant(call=0.9, env={"LINT_KEY": "answer to LINT_KEY"}),
            "docs": Meant(
                transport=HTTP,
                call=30,
                headers={"Authorization": "Bearer answer to file_secrets_docs_key_3da416cc"},
                assumed=("transport",),
            ),
            "old": Meant(on=False),
        },
    ),
    "gemini-settings.json": (
        "Gemini CLI settings",
        {
            "billing": Meant(on=False, said=("mcp.excluded names it",)),
            "crm": Meant(
                transport=HTTP,
                call=0.9,
                headers={"Authorization": "Bearer answer to CRM_TOKEN"},
                inert=("trust",),
                said=("httpUrl where both",),
            ),
            "feed": Meant(transport=HTTP),
            "files": Meant(
                call=600,
                env={"LEVEL": "answer to LEVEL"},
                args=("--root", "answer to FILES_ROOT/public", "--note", "pa$$word"),
                inert=("includeTools",),
            ),
        },
    ),
    "gemini-allowed.json": (
        "Gemini CLI settings",
        {"one": Meant(), "two": Meant(on=False, said=("mcp.allowed does not name it",))},
    ),
    "gemini-entry.json": (
        "Gemini CLI settings",
        {"news": Meant(transport=HTTP, call=5, headers={"X-Key": "answer to NEWS_KEY"})},
    ),
    "claude-code.mcp.json": (
        "Claude Code settings",
        {
            "tickets": Meant(
                transport=HTTP, call=90, inert=("headersHelper",), said=("headers come from a command",)
            ),
            "quick": Meant(args=("--region", "eu"), said=("900 ms is below 1000 ms",)),
            "wrong": Meant(
                transport=HTTP, said=("Claude Code ignores an address without it",), assumed=("transport",)
            ),
        },
    ),
    "claude-disabled.json": (
        "Claude Code settings",
        {
            "calendar": Meant(transport=HTTP, on=False, said=("disabledMcpServers names it",)),
            "contacts": Meant(transport=SSE),
        },
    ),
    "claude-enabled.json": (
        "Claude Code settings",
        {"mail": Meant(), "chat": Meant()},
    ),
    "codex.toml": (
        "Codex configuration",
        {
            "figures": Meant(
                transport=HTTP,
                call=90,
                start=75,
                headers={
                    "X-Team": "blue",
                    "X-Trace": "answer to TRACE_ID",
                    "Authorization": "Bearer answer to FIGURES_TOKEN",
                },
                inert=("enabled_tools",),
            ),
            "build": Meant(
                start=4,
                env={
                    "MODE": "fast",
                    "BUILD_TOKEN": "answer to BUILD_TOKEN",
                    "CACHE_DIR": "answer to CACHE_DIR",
                },
            ),
            "off": Meant(on=False, inert=("disabled_tools",)),
        },
    ),
    "codex-entry.json": (
        "Codex configuration",
        {
            "plans": Meant(
                transport=HTTP,
                headers={"Authorization": "Bearer answer to PLANS_TOKEN"},
                inert=("http_headers_helper",),
                said=("headers come from a command",),
            )
        },
    ),
    "goose-extensions.json": (
        "Goose configuration",
        {
            "drive": Meant(
                call=1800,
                program="npx",
                args=("-y", "drive-mcp"),
                env={"REGION": "eu", "DRIVE_SECRET": "answer to DRIVE_SECRET"},
                inert=("bundled",),
            ),
            "board": Meant(
                transport=HTTP, call=300, headers={"X-Room": "7"}, on=False, inert=("available_tools",)
            ),
        },
    ),
    "continue.json": (
        "Continue configuration",
        {
            "issues": Meant(
                transport=HTTP,
                start=20,
                headers={"X-Org": "acme", "Authorization": "Bearer answer to ISSUES_KEY"},
                inert=("requestOptions.timeout",),
            ),
            "shell": Meant(start=5, env={"SHELL_TOKEN": "answer to SHELL_TOKEN"}),
        },
    ),
    "framework-headers.json": (
        "mcp.json of no particular client",
        {
            "weather": Meant(
                transport=HTTP,
                headers={"Authorization": "Bearer abc123def456ghi789"},
                inert=("requestInit.credentials",),
                assumed=("transport",),
            ),
            "tides": Meant(
                transport=HTTP, headers={"Authorization": "Bearer xyz123abc456def789"}, assumed=("transport",)
            ),
        },
    ),
    "vscode-sandbox.json": (
        "VS Code settings",
        {
            "runner": Meant(
                args=("--pin", "answer to pin"), inert=("sandboxEnabled",), said=("runs without one",)
            ),
            "reader": Meant(inert=("envFile", "dev"), said=("stand in a file, which is not read",)),
        },
    ),
    "cherry.json": (
        "Cherry Studio settings",
        {
            "radio": Meant(
                transport=HTTP, call=1800, on=False, inert=("provider",), said=("isActive is false",)
            ),
            "tv": Meant(call=60, inert=("disabledTools",)),
        },
    ),
    "desktop-bridge.json": (
        "Claude Desktop settings",
        {
            "remote": Meant(
                env={"AUTH_HEADER": "Bearer abcdef123456ghijkl"},
                args=(
                    "-y",
                    "mcp-remote@latest",
                    "https://far.example/mcp",
                    "--header",
                    "Authorization:${AUTH_HEADER}",
                ),
            )
        },
    ),
    "desktop-path.json": (
        "Claude Desktop settings",
        {
            "app": Meant(program="/opt/My App/server", args=(), said=("read as one path",)),
            "line": Meant(program="/usr/bin/node", args=("build/index.js",)),
            "spaced": Meant(program="/opt/My", said=("read as a command line",)),
        },
    ),
    "windows.json": (
        "mcp.json of no particular client",
        {
            "shell": Meant(said=("cmd /c is for Windows",)),
            "script": Meant(said=("is a program for Windows",)),
            "disk": Meant(said=("is a program for Windows",)),
        },
    ),
    "shell-words.json": (
        "mcp.json of no particular client",
        {
            "tilde": Meant(said=("~ is not filled in",)),
            "home": Meant(said=("$HOME is not filled in",)),
            "path": Meant(env={"PATH": "/opt/bin:$PATH"}, said=("the rest of the path is not filled in",)),
            "here": Meant(said=("is a relative path, and no cwd",)),
            "there": Meant(),
            "dollar": Meant(
                transport=HTTP,
                headers={"Authorization": "Bearer $API_TOKEN"},
                said=("$API_TOKEN is passed unchanged",),
                assumed=("transport",),
            ),
        },
    ),
    "filters.json": (
        "mcp.json of no particular client",
        {
            "safe": Meant(transport=HTTP, inert=("allowedTools", "excludedTools", "toolFilter", "icon")),
            "plain": Meant(call=1.8, assumed=("unit",)),
        },
    ),
    "cursor-windsurf.json": (
        "Windsurf settings",
        {
            "wind": Meant(transport=SSE, headers={"X-A": "answer to WIND_KEY"}, assumed=("transport",)),
            "rain": Meant(transport=HTTP, assumed=("transport",)),
        },
    ),
    "copilot-cli.json": (
        "Copilot CLI settings",
        {"repo": Meant(call=15, inert=("tools",), assumed=("unit",))},
    ),
}

"""The clients that configuration is written for; `docs/clients.md` says where each rule was read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from registry.core.clients.writing.target import SECONDS, Limit, Target
from registry.core.entries.transport import HTTP, SSE, STDIO

_HTTP_WORDS = {STDIO: "stdio", HTTP: "http", SSE: "sse"}
_ENV = re.compile(r"\$\{env:[^}]*\}")
_EDITOR = re.compile(r"\$\{(?:env:|input:|command:|workspaceFolder|userHome|pathSeparator|/\})[^}]*\}?")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")


def _env(name: str) -> str:
    return f"${{env:{name}}}"


def _braces(name: str) -> str:
    return f"${{{name}}}"


def _everywhere(path: str) -> tuple[tuple[str, str], ...]:
    return (("macOS, Linux", f"~/{path}"), ("Windows", "%USERPROFILE%\\" + path.replace("/", "\\")))


_ALL = (
    Target(
        key="claude-desktop",
        program="Claude Desktop",
        file="claude_desktop_config.json",
        places=(
            ("macOS", "~/Library/Application Support/Claude/claude_desktop_config.json"),
            ("Windows", "%APPDATA%\\Claude\\claude_desktop_config.json"),
            ("Linux", "~/.config/Claude/claude_desktop_config.json"),
        ),
        hint="Settings → Developer → Edit Config opens it. Quit Claude Desktop and start it again.",
        transports=frozenset({STDIO}),
    ),
    Target(
        key="claude-code",
        program="Claude Code",
        file=".mcp.json",
        places=(
            ("this project", ".mcp.json, in its folder"),
            ("all projects", "mcpServers in ~/.claude.json"),
        ),
        hint="Approve it with /mcp.",
        types=_HTTP_WORDS,
        spell=_braces,
        fills=frozenset({"command", "args", "env", "url", "headers"}),
        literal=re.compile(r"\$\{[A-Za-z_]\w*(?::-[^}]*)?\}"),
        call=Limit(key="timeout", least=1),
        names=_PLAIN_NAME,
    ),
    Target(
        key="cursor",
        program="Cursor",
        file="mcp.json",
        places=(("this project", ".cursor/mcp.json"), *_everywhere(".cursor/mcp.json")),
        hint="Switch it on under Customize → MCPs.",
        types=_HTTP_WORDS,
        spell=_env,
        literal=_EDITOR,
    ),
    Target(
        key="vscode",
        program="VS Code",
        file="mcp.json",
        root="servers",
        places=(
            ("this project", ".vscode/mcp.json"),
            ("all projects", "the command “MCP: Open User Configuration” opens the file"),
        ),
        hint="VS Code asks for each value when the server starts for the first time, and keeps it safely.",
        types=_HTTP_WORDS,
        cwd=True,
        spell=lambda name: f"${{input:{name}}}",
        literal=_EDITOR,
    ),
    Target(
        key="windsurf",
        program="Windsurf",
        file="mcp_config.json",
        places=_everywhere(".codeium/windsurf/mcp_config.json"),
        hint="Press Refresh in the MCP panel of Cascade.",
        url={HTTP: "serverUrl", SSE: "serverUrl"},
        spell=_env,
        fills=frozenset({"command", "args", "env", "url", "headers"}),
        literal=re.compile(r"\$\{(?:env|file):[^}]*\}"),
        switch="disabled",
    ),
    Target(
        key="codex",
        program="Codex",
        language="toml",
        file="config.toml",
        root="mcp_servers",
        places=(("this project", ".codex/config.toml"), *_everywhere(".codex/config.toml")),
        hint="Codex reads the variables from the environment that it is started in.",
        transports=frozenset({STDIO, HTTP}),
        cwd=True,
        fills=frozenset(),
        call=Limit(key="tool_timeout_sec", unit=SECONDS, whole=False),
        start=Limit(key="startup_timeout_sec", unit=SECONDS, whole=False),
        switch="enabled",
        names=re.compile(r"[A-Za-z0-9_:@/.-]+\Z"),
        shape="codex",
    ),
    Target(
        key="gemini",
        program="Gemini CLI",
        file="settings.json",
        places=(("this project", ".gemini/settings.json"), *_everywhere(".gemini/settings.json")),
        types={SSE: "sse"},
        url={HTTP: "httpUrl", SSE: "url"},
        cwd=True,
        spell=_braces,
        literal=re.compile(r"\$\{?[A-Za-z_]\w*\}?|%[A-Za-z_]\w*%"),
        call=Limit(key="timeout"),
        switch="excluded",
    ),
    Target(
        key="zed",
        program="Zed",
        file="settings.json",
        root="context_servers",
        places=(
            ("this project", ".zed/settings.json"),
            ("macOS, Linux", "~/.config/zed/settings.json"),
            ("Windows", "%APPDATA%\\Zed\\settings.json"),
        ),
        transports=frozenset({STDIO, HTTP}),
        call=Limit(key="timeout", unit=SECONDS, least=1),
        switch="enabled",
    ),
    Target(
        key="opencode",
        program="opencode 1",
        file="opencode.json",
        root="mcp",
        places=(("this project", "opencode.json"), *_everywhere(".config/opencode/opencode.json")),
        env="environment",
        cwd=True,
        spell=lambda name: f"{{env:{name}}}",
        literal=re.compile(r"\{(?:env|file):[^}]*\}"),
        call=Limit(key="timeout"),
        switch="enabled",
        shape="opencode",
    ),
    Target(
        key="opencode-2",
        program="opencode 2",
        file="opencode.json",
        root="mcp.servers",
        places=(("this project", "opencode.json"), *_everywhere(".config/opencode/opencode.json")),
        env="environment",
        cwd=True,
        spell=lambda name: f"{{env:{name}}}",
        literal=re.compile(r"\{(?:env|file):[^}]*\}"),
        call=Limit(key="request"),
        start=Limit(key="startup"),
        switch="disabled",
        shape="opencode-2",
    ),
    Target(
        key="goose",
        program="Goose",
        language="yaml",
        file="config.yaml",
        root="extensions",
        places=(
            ("macOS, Linux", "~/.config/goose/config.yaml"),
            ("Windows", "%APPDATA%\\Block\\goose\\config\\config.yaml"),
        ),
        hint="Goose looks for each key in its secrets, then in the environment; goose configure sets them.",
        transports=frozenset({STDIO, HTTP}),
        spell=_braces,
        fills=frozenset({"headers"}),
        call=Limit(key="timeout", unit=SECONDS, least=1),
        switch="enabled",
        shape="goose",
    ),
    Target(
        key="continue",
        program="Continue",
        language="yaml",
        file="config.yaml",
        places=(
            ("this project", "a file in .continue/mcpServers"),
            *_everywhere(".continue/config.yaml"),
        ),
        hint="Continue takes secrets from ~/.continue/.env, from .env of the project, or from its hub.",
        types={STDIO: "stdio", HTTP: "streamable-http", SSE: "sse"},
        cwd=True,
        spell=lambda name: f"${{{{ secrets.{name} }}}}",
        literal=re.compile(r"\$\{\{[^}]*\}\}"),
        start=Limit(key="connectionTimeout"),
        shape="continue",
    ),
    Target(
        key="cline",
        program="Cline",
        file="cline_mcp_settings.json",
        places=(
            ("in the editor", "MCP Servers → Configure → Configure MCP Servers opens the file"),
            ("command line", "~/.cline/data/settings/cline_mcp_settings.json"),
        ),
        types={STDIO: "stdio", HTTP: "streamableHttp", SSE: "sse"},
        cwd=True,
        spell=_env,
        literal=_ENV,
        call=Limit(key="timeout", unit=SECONDS, whole=False, least=1),
        switch="disabled",
    ),
    Target(
        key="roo",
        program="Roo Code",
        file="mcp.json",
        places=(
            ("this project", ".roo/mcp.json"),
            ("all projects", "Edit Global MCP, in the MCP settings of Roo Code, opens the file"),
        ),
        types={STDIO: "stdio", HTTP: "streamable-http", SSE: "sse"},
        cwd=True,
        spell=_env,
        literal=re.compile(r"\$\{(?:env:|workspaceFolder)[^}]*\}"),
        call=Limit(key="timeout", unit=SECONDS, whole=False, least=1),
        switch="disabled",
    ),
    Target(
        key="lm-studio",
        program="LM Studio",
        file="mcp.json",
        places=(
            ("in the program", "Program → Install → Edit mcp.json opens the file"),
            *_everywhere(".lmstudio/mcp.json"),
        ),
    ),
    Target(
        key="jetbrains",
        program="JetBrains AI Assistant",
        file="mcp.json",
        places=(("in the IDE", "Settings → Tools → AI Assistant → Model Context Protocol → Add, as JSON"),),
        hint="The working directory has a field of its own there, beside the JSON.",
    ),
)
TARGETS: Mapping[str, Target] = {target.key: target for target in _ALL}

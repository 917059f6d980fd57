"""Which texts of a Chinese page are not Chinese: runs of Latin words that are no names."""

from __future__ import annotations

import re

NAMES = (
    # products, and what their own menus are called
    *(
        "MCPStore Console",
        "Claude Desktop",
        "Claude Code",
        "VS Code",
        "Codex",
        "Gemini CLI",
        "Roo Code",
        "Cline",
        "Kiro",
    ),
    *(
        "Cursor",
        "Zed",
        "opencode",
        "Goose",
        "Continue",
        "Windsurf",
        "LM Studio",
        "JetBrains AI Assistant",
        "Copilot CLI",
    ),
    *(
        "Cherry Studio",
        "Chrome on Linux",
        "claude mcp add",
        "token",
        "MiB",
        "admin for admin",
        "Cookie",
        "MIT",
        "TOTP",
        "checkout",
        "django",
        "fastmcp",
        "mcp",
        "channels",
        "daphne",
        "cryptography",
        "Slack",
        "Microsoft Teams",
        "Teams",
        "Telegram",
        "Discord",
        "PagerDuty",
        "Opsgenie",
        "Gotify",
    ),
    *(
        "Jira Service Management",
        "Mattermost",
        "Apprise",
        "Alertmanager",
        "Healthchecks",
        "Uptime Kuma",
        "Prometheus",
    ),
    *(
        "Grafana",
        "OpenTelemetry",
        "SQLite",
        "PostgreSQL",
        "Python",
        "Chrome",
        "Firefox",
        "Linux",
        "macOS",
        "Windows",
    ),
    *(
        "Standard Webhooks",
        "Incoming Webhooks",
        "Events API",
        "DingTalk",
        "WeCom",
        "Feishu",
        "Lark",
        "Shields.io",
    ),
    *(
        "Settings",
        "Developer",
        "Edit Config",
        "Integrations",
        "Add integration",
        "Operations",
        "Services",
        "Account",
    ),
    *(
        "Access tokens",
        "Create access token",
        "Create application",
        "Apps",
        "Send webhook alerts to a channel",
    ),
    *("Add New Webhook to Workspace", "BotFather", "JavaScript", "Docker", "Markdown", "Web", "English"),
    # terms of the trade
    *(
        "MCP",
        "JSON",
        "YAML",
        "TOML",
        "CSV",
        "OAuth",
        "OpenID Connect",
        "URL",
        "HTTP",
        "HTTPS",
        "SSE",
        "stdio",
        "API",
    ),
    *(
        "REST",
        "CPU",
        "UTC",
        "TLS",
        "RFC",
        "ISO",
        "ID",
        "PIN",
        "ms",
        "kB",
        "MB",
        "GB",
        "webhook",
        "Webhook",
        "streamable",
    ),
    *(
        "http",
        "https",
        "localhost",
        "json",
        "csv",
        "Ctrl",
        "Home",
        "End",
        "Esc",
        "Enter",
        "PACKAGE",
        "npx",
        "npm",
        "SVG",
    ),
    *(
        "INFO",
        "DEBUG",
        "WARNING",
        "ERROR",
        "CRITICAL",
        "HEALTHY",
        "RECONNECTING",
        "UNREACHABLE",
        "DISCONNECTED",
    ),
    *(
        "oauth",
        "sse",
        "Bearer",
        "restart",
        "stdout",
        "stderr",
        "args",
        "env",
        "cwd",
        "headers",
        "null",
        "true",
        "false",
    ),
    *(
        "Jira",
        "Ping",
        "ntfy",
        "dependsOn",
        "getUpdates",
        "claude",
        "flip",
        "now",
        "roll",
        "until",
        "SEC",
        "manage",
        "audit",
        "verify",
        "export",
        "wiki",
        "IANA",
        "GET",
        "POST",
        "headers",
    ),
    # what the demonstration and the installation bring along
    *(
        "clock",
        "notes",
        "dice",
        "admin",
        "console",
        "demonstration",
        "critical",
        "normal",
        "background",
        "test",
    ),
    *("Now", "Until", "Roll", "Flip", "List Notes", "Read Note", "Write Note"),
)
DATA = (
    r"\S*[/_@:={}\\]\S*",  # addresses, settings, placeholders
    r"\S+\.(?:json|py|io|com|org)\b",
    r"\b[\w.]*\d[\w.]*\b",  # v2, p95, 5m, vm-1234
    r"\b\w+(?:-\w+)+\b",  # streamable-http, mcp-remote, names of hosts
)
KNOWN = re.compile(
    "|".join(
        (*DATA, *(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])" for name in sorted(NAMES, key=len)[::-1]))
    )
)
WORD = re.compile(r"[A-Za-z]{2,}")
# Of servers: the descriptions of tools are theirs.
THEIRS = re.compile(
    r"Flip a coin|Roll \*count\*|The time now|How long it is until|The titles of|The text of|Keep a note"
)


def latin(text: str) -> bool:
    """Whether there are Latin words in it that are no names."""
    return (
        not THEIRS.match(text) and "{service}" not in text and WORD.search(KNOWN.sub(" ", text)) is not None
    )

"""Twelve services as they are stored, with the values of their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STORED: Mapping[str, Mapping[str, Any]] = {
    "files": {
        "command": "npx",
        "args": ["-y", "@modelcontextprotocol/server-filesystem@1.2", "/srv/My Documents"],
        "env": {"LEVEL": "info", "EMPTY": ""},
        "cwd": "/srv/files",
    },
    "weather": {"type": "http", "url": "https://weather.example/mcp", "headers": {"X-Team": "blue green"}},
    "prices": {"type": "sse", "url": "https://prices.example/stream"},
    "events": {
        "url": "https://events.example/v1/sse",
        "headers": {"X-Key": "${secret:events.headers.X-Key}"},
    },
    "tickets": {
        "command": "uvx",
        "args": ["tickets-mcp", "--url", "https://x.example/?a=1&b=2"],
        "env": {"TICKETS_TOKEN": "${secret:tickets.env.TICKETS_TOKEN}", "DSN": "pg://${secret:PG_USER}@db/x"},
    },
    "crm": {
        "type": "http",
        "url": "https://crm.example/mcp",
        "headers": {
            "Authorization": "Bearer ${secret:CRM_TOKEN}",
            "X-Trace": "${secret:crm.headers.X-Trace}",
            "X-Pair": "id:${secret:crm.headers.X-Pair}",
        },
    },
    "slow": {"command": "slow-mcp", "args": [], "timeout": 90, "startup_timeout_sec": 45},
    "brisk": {"url": "https://brisk.example/mcp", "timeout": 0.5},
    "resting": {"command": "resting-mcp", "args": ["serve"], "disabled": True},
    "com.example.notes": {
        "command": "notes-mcp",
        "args": ["--title", "Ünï 笔记 🚀"],
        "description": "Notes: of all, “people”",
        "tags": ["team-a"],
    },
    "quoting": {
        "command": "/opt/My App/run",
        "args": [
            'say "hello"',
            "it's",
            r"C:\temp\new\b",
            "tab\there",
            "line\nbreak",
            "# no comment",
            "yes",
            "1e3",
            "0x1f",
            " - [a]: {b}",
            "\x7f\x01",
            "null",
            "long " * 60,
        ],
        "env": {"JSON": '{"a": ["b", null], "c": "\\\\d"}', "on": "off"},
    },
    "search": {
        "type": "http",
        "url": "https://search.example/mcp?site=a&key=${secret:search.url.query.key}#top",
    },
}
VALUES: Mapping[str, str] = {
    "events.headers.X-Key": "k-111",
    "tickets.env.TICKETS_TOKEN": "t-222 with spaces",
    "PG_USER": "elsa",
    "CRM_TOKEN": "c-333",
    "crm.headers.X-Trace": "x-444",
    "crm.headers.X-Pair": "p-555",
    "search.url.query.key": "s-666",
}

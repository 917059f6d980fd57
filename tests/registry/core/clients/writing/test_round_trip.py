"""What is written for a client is read back as it was, or a note names what it cannot say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any

import pytest

from registry.clients.words import text_of
from registry.core.clients.translation import translated
from registry.core.clients.writing.meaning import meant
from registry.core.clients.writing.notes import Code
from registry.core.clients.writing.table import TARGETS
from registry.core.clients.writing.write import Written, written
from registry.core.documents import dialects
from registry.core.entries import entry as entries
from registry.core.entries import filling
from registry.core.entries.placeholders import SECRET
from tests.registry.core.clients.writing.services import STORED, VALUES

FILES = {
    "claude-desktop": "claude_desktop_config.json",
    "claude-code": "project/.mcp.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
    "windsurf": ".codeium/windsurf/mcp_config.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "zed": ".zed/settings.json",
    "opencode": "opencode.json",
    "opencode-2": "opencode.json",
    "goose": "goose/config.yaml",
    "continue": ".continue/config.yaml",
    "cline": "cline_mcp_settings.json",
    "roo": ".roo/mcp.json",
    "lm-studio": "mcp.json",
    "jetbrains": "mcp.json",
}
LOSES: Mapping[str, Set[str]] = {
    "claude-desktop": {"cwd", "call", "start", "on", "remote"},
    "claude-code": {"cwd", "start", "on", "dots"},
    "cursor": {"cwd", "call", "start", "on"},
    "vscode": {"call", "start", "on"},
    "windsurf": {"cwd", "call", "start", "transport"},
    "codex": {"sse"},
    "gemini": {"start"},
    "zed": {"cwd", "start", "sse"},
    "opencode": {"start", "transport"},
    "opencode-2": {"transport"},
    "goose": {"cwd", "start", "sse"},
    "continue": {"call", "on"},
    "cline": {"start"},
    "roo": {"start"},
    "lm-studio": {"cwd", "call", "start", "on", "transport"},
    "jetbrains": {"cwd", "call", "start", "on", "transport"},
}
"""All that each client has no word for; nothing else may be missing."""
SAID = {
    "cwd": r"its working directory .* is not included",
    "call": r"its tool call timeout of",
    "start": r"its start timeout of",
    "on": r"cannot disable it in this file",
    "transport": r"its transport, SSE, is not included",
    "remote": r"is reached through mcp-remote",
    "sse": r"is reached through mcp-remote",
    "dots": r"is called com-example-notes there",
}


def facts(entry: Mapping[str, Any], values: Mapping[str, str], name: str, on: bool) -> dict[str, Any]:
    parsed = entries.parse(filling.fill(entry, values), ("x",))
    config = parsed.config
    enabled = parsed.enabled if parsed.enabled is not None else on
    reach = {key: getattr(config, key) for key in ("transport", "command", "args", "url")}
    reach |= {"env": dict(config.env), "headers": dict(config.headers), "cwd": config.cwd}
    return reach | {"call": config.timeout, "start": config.start_timeout, "on": enabled, "name": name}


def write(key: str, name: str) -> Written:
    on = not STORED[name].get("disabled")
    return written(TARGETS[key], [meant(name, STORED[name], on=on)])


def read_back(key: str, made: Written, secrets: Mapping[str, str] = VALUES) -> dict[str, Any]:
    """What the importer makes of it, with *secrets* given for its variables."""
    (item,) = dialects.find(made.text, file=FILES[key]).found
    assert item.problem is None
    values = {one.name: SECRET.sub(lambda match: secrets[match[1]], one.holds) for one in made.variables}
    return facts(translated(item, item.raw).entry, values, str(item.name), on=True)


@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("key", TARGETS)
def test_a_service_comes_back_as_it_was_but_for_what_a_note_names(key: str, name: str) -> None:
    made = write(key, name)
    before = facts(STORED[name], VALUES, name, on=not STORED[name].get("disabled"))
    after = read_back(key, made)
    lost = {field for field in before if before[field] != after[field]}
    told = {what for what in LOSES[key] if any(re.search(SAID[what], text_of(note)) for note in made.notes)}
    if {"remote", "sse"} & told:
        assert after["transport"] == "stdio" and after["args"][2] == before["url"], made.text
        lost -= {"transport", "command", "args", "url", "headers", "env"}
        told -= {"remote", "sse"}
    if "dots" in told:
        assert after["name"] == "com-example-notes"
        lost, told = lost - {"name"}, told - {"dots"}
    if (key, name) in ROUNDED:
        assert after["call"] == ROUNDED[key, name]
        lost -= {"call"}
    assert lost == told, f"{made.text}\n{made.notes}\n{before}\n{after}"


ROUNDED: Mapping[tuple[str, str], float | None] = {
    ("claude-code", "brisk"): None,
    ("zed", "brisk"): None,
    ("goose", "brisk"): None,
    ("cline", "brisk"): None,
    ("roo", "brisk"): None,
}
"""Limits under the least that the client takes; the note says so."""


@pytest.mark.parametrize("key", TARGETS)
def test_no_value_of_a_secret_is_written_and_each_is_asked_for(key: str) -> None:
    services = [meant(name, stored, on=True) for name, stored in STORED.items()]
    made = written(TARGETS[key], services)
    assert not [value for value in VALUES.values() if value in made.text]
    assert "${secret:" not in made.text
    held = {secret for one in made.variables for secret in SECRET.findall(one.holds)}
    assert held == set(VALUES)
    assert len({one.name for one in made.variables}) == len(made.variables)
    assert all(one.name in made.text for one in made.variables)


@pytest.mark.parametrize("key", TARGETS)
def test_all_services_together_come_back_with_their_names(key: str) -> None:
    services = [meant(name, stored, on=True) for name, stored in STORED.items()]
    made = written(TARGETS[key], services)
    names = [item.name for item in dialects.find(made.text, file=FILES[key]).found]
    wanted = [name.replace(".", "-") if "dots" in LOSES[key] else name for name in STORED]
    assert names == wanted


@pytest.mark.parametrize("key", TARGETS)
def test_what_only_the_console_keeps_is_told(key: str) -> None:
    (said,) = [text_of(note) for note in write(key, "com.example.notes").notes if note.code == Code.STAYS]
    assert "tags" in said
    assert ("description" in said) is (key != "goose")

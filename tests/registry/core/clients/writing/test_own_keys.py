"""Keys that only one client knows come back in that client's file, and in no other's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.clients.words import text_of
from registry.core.clients.translation import translated
from registry.core.clients.writing.meaning import Meant, meant
from registry.core.clients.writing.notes import Code
from registry.core.clients.writing.table import TARGETS
from registry.core.clients.writing.write import Written, written
from registry.core.documents import dialects
from tests.registry.core.clients.writing.test_round_trip import FILES

RUN: dict[str, Any] = {"command": "npx", "args": ["-y", "maps"]}
GO: dict[str, Any] = {"url": "https://maps.example/mcp"}
BROUGHT = [
    (
        "codex",
        "mcp_servers",
        RUN,
        {"enabled_tools": ["a", "b"], "required": True, "tools": {"a": {"x": 1}}},
    ),
    ("cline", "mcpServers", RUN, {"autoApprove": ["a"], "strange": {"deep": [1, None]}}),
    ("roo", "mcpServers", RUN, {"alwaysAllow": ["a"], "watchPaths": ["/srv"]}),
    ("gemini", "mcpServers", RUN, {"trust": True, "includeTools": ["a"]}),
    ("claude-code", "mcpServers", RUN, {"alwaysLoad": True, "headersHelper": "/opt/h"}),
    ("vscode", "servers", RUN, {"envFile": "${workspaceFolder}/.env", "sandboxEnabled": True}),
    ("zed", "context_servers", RUN, {"settings": {"depth": 3}}),
]


def stored(client: str, root: str, entry: dict[str, Any]) -> dict[str, Any]:
    """As the import keeps it."""
    (item,) = dialects.find(json.dumps({root: {"maps": entry}}), client=client).found
    return translated(item, item.raw).entry


def one(client: str, root: str, entry: dict[str, Any]) -> Meant:
    return meant("maps", stored(client, root, entry), on=True)


def raw(key: str, made: Written) -> dict[str, Any]:
    (item,) = dialects.find(made.text, file=FILES[key]).found
    return dict(item.raw)


def stays(made: Written) -> list[str]:
    return [text_of(note) for note in made.notes if note.code == Code.STAYS]


@pytest.mark.parametrize(("client", "root", "base", "keys"), BROUGHT)
def test_the_same_client_gets_them_back(
    client: str, root: str, base: dict[str, Any], keys: dict[str, Any]
) -> None:
    made = written(TARGETS[client], [one(client, root, {**base, **keys})])
    back = raw(client, made)
    assert {key: back[key] for key in keys} == keys and not stays(made)


@pytest.mark.parametrize(("client", "root", "base", "keys"), BROUGHT)
def test_another_client_does_not_and_a_note_names_them(
    client: str, root: str, base: dict[str, Any], keys: dict[str, Any]
) -> None:
    made = written(TARGETS["cursor"], [one(client, root, {**base, **keys})])
    (said,) = stays(made)
    assert all(key in said and key not in made.text for key in keys)


def test_a_key_that_the_client_ignores_comes_back_where_it_stood() -> None:
    made = written(TARGETS["claude-code"], [one("claude-code", "mcpServers", {**RUN, "disabled": True})])
    assert raw("claude-code", made)["disabled"] is True and "notInForce" not in made.text


def test_what_stands_beside_the_headers_comes_back_beside_them() -> None:
    options = {"headers": {"X-Team": "blue"}, "verifySsl": False}
    entry = {"type": "streamable-http", **GO, "requestOptions": options}
    made = written(TARGETS["continue"], [one("continue", "mcpServers", entry)])
    assert raw("continue", made)["requestOptions"] == options


def test_a_key_of_one_client_alone_says_whose_it_is() -> None:
    """Nobody said whose the document is."""
    service = meant("maps", {**RUN, "watchPaths": ["/srv"], "other": 1}, on=True)
    assert raw("roo", written(TARGETS["roo"], [service]))["watchPaths"] == ["/srv"]
    assert "watchPaths" not in written(TARGETS["cline"], [service]).text


def test_a_secret_under_such_a_key_is_asked_for() -> None:
    entry = stored("cline", "mcpServers", {**RUN, "autoApprove": ["a"]}) | {"note": "${secret:maps.note}"}
    made = written(TARGETS["cline"], [meant("maps", entry, on=True)])
    (variable,) = made.variables
    assert "${secret:" not in made.text and variable.name in made.text
    assert [note.code for note in made.notes] == [Code.BY_HAND]


def test_what_toml_cannot_say_stays() -> None:
    entry = {**RUN, "enabled_tools": ["a"], "odd": None, "listed": [{"a": 1}]}
    made = written(TARGETS["codex"], [one("codex", "mcp_servers", entry)])
    assert raw("codex", made)["enabled_tools"] == ["a"]
    assert stays(made) == ["has settings that Codex has no key for, so they are not included: odd, listed"]


def test_what_a_bridge_reaches_is_another_kind_of_server() -> None:
    entry = {"url": "https://maps.example/sse", "type": "sse", "enabled_tools": ["a"]}
    made = written(TARGETS["codex"], [meant("maps", {**entry, "importedFrom": "codex"}, on=True)])
    assert "enabled_tools" not in made.text and "enabled_tools" in stays(made)[0]

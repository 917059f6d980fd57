"""Each client's own terms, read by the parsers of its language."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from registry.clients.words import text_of
from registry.core.clients.writing.meaning import Meant, meant
from registry.core.clients.writing.table import TARGETS
from registry.core.clients.writing.variables import suggested
from registry.core.clients.writing.write import Written, written
from registry.errors import InvalidConfigError

READ: Mapping[str, Callable[[str], Any]] = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
TOKEN = "${secret:crm.env.TOKEN}"


def made(key: str, *services: Meant, **fields: Any) -> Written:
    if not services:
        services = (Meant(name="crm", **{"transport": "stdio", "command": "crm-mcp", **fields}),)
    return written(TARGETS[key], services)


def entry(key: str, **fields: Any) -> Any:
    """The one entry of the file, with its headers and variables as the client keeps them."""
    tree = READ[TARGETS[key].language](made(key, **fields).text)
    held = tree
    for part in TARGETS[key].root.split("."):
        held = held[part]
    return held[0] if isinstance(held, list) else held["crm"]


def remote(key: str, value: str, **fields: Any) -> Any:
    given = {"transport": "streamable-http", "url": "https://crm.example/mcp", "command": ""}
    return entry(key, **given, headers={"Authorization": value}, **fields)


SPELLED = {
    "claude-desktop": "${CRM_TOKEN}",
    "claude-code": "${CRM_TOKEN}",
    "cursor": "${env:CRM_TOKEN}",
    "vscode": "${input:CRM_TOKEN}",
    "windsurf": "${env:CRM_TOKEN}",
    "gemini": "${CRM_TOKEN}",
    "zed": "${CRM_TOKEN}",
    "opencode": "{env:CRM_TOKEN}",
    "opencode-2": "{env:CRM_TOKEN}",
    "continue": "${{ secrets.CRM_TOKEN }}",
    "cline": "${env:CRM_TOKEN}",
    "roo": "${env:CRM_TOKEN}",
    "lm-studio": "${CRM_TOKEN}",
    "jetbrains": "${CRM_TOKEN}",
}


@pytest.mark.parametrize(("key", "spelled"), SPELLED.items())
def test_a_secret_stands_as_its_client_fills_it_in(key: str, spelled: str) -> None:
    name = "environment" if key.startswith("opencode") else "env"
    assert entry(key, env={"TOKEN": TOKEN})[name] == {"TOKEN": spelled}


@pytest.mark.parametrize("key", ["claude-desktop", "zed", "lm-studio", "jetbrains"])
def test_a_client_that_fills_in_nothing_has_it_said(key: str) -> None:
    (note,) = made(key, env={"TOKEN": TOKEN}).notes
    assert "does not fill in placeholders here; replace ${CRM_TOKEN} with the value" in text_of(note)


def test_codex_is_told_the_names_of_variables() -> None:
    assert entry("codex", env={"TOKEN": TOKEN, "LEVEL": "2"}) == {
        "command": "crm-mcp",
        "args": [],
        "env_vars": ["TOKEN"],
        "env": {"LEVEL": "2"},
    }
    bearer = remote("codex", f"Bearer {TOKEN}")
    assert bearer == {"url": "https://crm.example/mcp", "bearer_token_env_var": "CRM_TOKEN"}
    assert remote("codex", TOKEN)["env_http_headers"] == {"Authorization": "CRM_TOKEN"}
    assert remote("codex", "plain")["http_headers"] == {"Authorization": "plain"}


def test_a_header_with_more_than_a_secret_becomes_one_variable_for_codex() -> None:
    fields = {"transport": "streamable-http", "url": "https://crm.example/mcp", "command": ""}
    (variable,) = made("codex", **fields, headers={"Authorization": f"Token {TOKEN}"}).variables
    assert (variable.name, variable.holds) == ("CRM_TOKEN_HEADER", f"Token {TOKEN}")


def test_goose_is_told_its_keys() -> None:
    stdio = entry("goose", env={"TOKEN": TOKEN, "LEVEL": "2"}, on=False, call=7.5)
    assert stdio["env_keys"] == ["TOKEN"]
    assert (stdio["envs"], stdio["timeout"], stdio["enabled"]) == ({"LEVEL": "2"}, 8, False)
    http = remote("goose", f"Bearer {TOKEN}")
    assert http["env_keys"] == ["CRM_TOKEN"]
    assert http["headers"] == {"Authorization": "Bearer ${CRM_TOKEN}"}
    assert http["type"] == "streamable_http"


def test_vscode_asks_for_each_secret_once() -> None:
    tree = json.loads(made("vscode", env={"TOKEN": TOKEN, "AGAIN": TOKEN}).text)
    described = {"description": "env TOKEN of crm", "id": "CRM_TOKEN", "password": True}
    assert tree["inputs"] == [{"type": "promptString", **described}]
    assert "inputs" not in json.loads(made("vscode").text)


def test_gemini_excludes_what_is_off_and_keeps_headers_apart_by_transport() -> None:
    assert json.loads(made("gemini", on=False).text)["mcp"] == {"excluded": ["crm"]}
    assert remote("gemini", "x")["httpUrl"] == "https://crm.example/mcp"


def test_claude_desktop_reaches_an_address_through_a_bridge() -> None:
    bridge = remote("claude-desktop", f"Bearer {TOKEN}")
    assert bridge == {
        "command": "npx",
        "args": [
            "-y",
            "mcp-remote",
            "https://crm.example/mcp",
            "--transport",
            "http-only",
            "--header",
            "Authorization:${MCP_HEADER_AUTHORIZATION}",
        ],
        "env": {"MCP_HEADER_AUTHORIZATION": "Bearer ${CRM_TOKEN}"},
    }


@pytest.mark.parametrize(
    ("key", "limits"),
    [
        ("claude-code", {"timeout": 2500}),
        ("opencode", {"timeout": 2500}),
        ("gemini", {"timeout": 2500}),
        ("opencode-2", {"timeout": {"request": 2500, "startup": 4000}}),
        ("cline", {"timeout": 2.5}),
        ("roo", {"timeout": 2.5}),
        ("zed", {"timeout": 3}),
        ("goose", {"timeout": 3}),
        ("codex", {"tool_timeout_sec": 2.5, "startup_timeout_sec": 4}),
        ("continue", {"connectionTimeout": 4000}),
        ("cursor", {}),
    ],
)
def test_limits_are_in_the_units_of_their_client(key: str, limits: dict[str, float]) -> None:
    said = entry(key, call=2.5, start=4)
    found = {name: value for name, value in said.items() if "imeout" in name}
    assert found == limits


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("gemini", "costs $HOME"),
        ("opencode", "{env:X}"),
        ("windsurf", "${file:/x}"),
        ("vscode", "${workspaceFolder}/x"),
        ("continue", "${{ x }}"),
    ],
)
def test_a_text_that_the_client_would_fill_in_is_told(key: str, text: str) -> None:
    (note,) = made(key, args=(text,)).notes
    assert f"{TARGETS[key].program} would replace it" in text_of(note)
    assert not made("zed", args=(text,)).notes


def test_two_services_with_a_variable_of_one_name_are_told_apart_or_told() -> None:
    one = Meant(name="a", transport="stdio", command="x", env={"KEY": "${secret:a.env.KEY}"})
    other = Meant(name="b", transport="stdio", command="x", env={"KEY": "${secret:b.env.KEY}"})
    assert [variable.name for variable in made("cursor", one, other).variables] == ["A_KEY", "B_KEY"]
    (note,) = made("codex", one, other).notes
    assert (note.service, text_of(note)) == (
        "b",
        "env KEY: KEY has a different value for a, and Codex supports only one",
    )


def test_names_that_come_to_the_same_get_a_number() -> None:
    services = [Meant(name=name, transport="stdio", command="x") for name in ("a.b", "a-b", "a_b")]
    tree = json.loads(made("claude-code", *services).text)
    assert list(tree["mcpServers"]) == ["a-b", "a-b-2", "a_b"]


def test_codex_takes_a_name_with_dots() -> None:
    tree = tomllib.loads(
        made("codex", Meant(name="a.b", transport="stdio", command="x", env={"K": "v"})).text
    )
    assert tree == {"mcp_servers": {"a.b": {"command": "x", "args": [], "env": {"K": "v"}}}}


def test_a_stored_address_may_be_a_secret_as_a_whole_or_have_one_as_its_port() -> None:
    whole = meant("a", {"url": "${secret:a.url}"}, on=True)
    assert whole.url == "${secret:a.url}"
    port = meant("a", {"url": "http://localhost:${secret:PORT}/mcp", "auth": "${secret:T}"}, on=True)
    assert (port.url, port.headers) == (
        "http://localhost:${secret:PORT}/mcp",
        {"Authorization": "Bearer ${secret:T}"},
    )
    with pytest.raises(InvalidConfigError):
        meant("a", {"url": "ftp://x"}, on=True)


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        ("GITHUB_TOKEN", "GITHUB_TOKEN"),
        ("crm.env.TOKEN", "CRM_TOKEN"),
        ("crm.headers.X-Key", "CRM_X_KEY"),
        ("crm.url.query.key", "CRM_URL_QUERY_KEY"),
        ("other.env.TOKEN", "OTHER_ENV_TOKEN"),
        ("3d.x", "MCP_3D_X"),
        ("crm.env.CRM_TOKEN", "CRM_TOKEN"),
    ],
)
def test_variables_have_names_that_a_shell_takes(secret: str, name: str) -> None:
    assert suggested(secret, "crm") == name

"""Every shape and spelling of a document that is understood, and the ones that are refused by saying so."""

from __future__ import annotations

from typing import Any

import pytest

from registry.core.documents import dialects
from registry.core.documents.places import show
from registry.core.entries import entry, filling
from registry.core.entries import names as entry_names
from registry.core.secrecy import redact
from registry.errors import InvalidConfigError
from tests.support.tools import ROOT

DATA = ROOT / "tests" / "registry" / "data"

# file -> shape, entries, names that are not possible, entries without url and command, values asked for
REAL: dict[str, tuple[str, int, int, int, set[str]]] = {
    "antigravity-serverurl.json": ("mcpServers", 5, 0, 0, set()),
    "claude-defaults.json": ("mcpServers", 5, 0, 0, {"DATABASE_URL"}),
    "claude-docker-env.json": ("mcpServers", 2, 0, 0, set()),
    "claude-env.json": ("mcpServers", 1, 0, 0, set()),
    "codex-config.toml": ("mcp_servers", 5, 0, 0, set()),
    "gemini-httpurl.json": ("mcpServers", 5, 0, 0, set()),
    "manifest-launchers.json": ("servers", 12, 0, 4, set()),
    "onemcp-templates.json": ("mcpServers", 3, 0, 0, {"GITHUB_TOKEN", "DATABASE_URL"}),
    "opencode-comments.jsonc": ("mcp", 3, 0, 0, set()),
    "opencode-local.json": ("mcp", 2, 1, 0, set()),
    "opencode-remote.json": ("mcp", 5, 0, 0, set()),
    "plugin-bare.json": ("bare", 1, 0, 0, {"GITHUB_PERSONAL_ACCESS_TOKEN"}),
    "plugin-empty-default.json": ("mcpServers", 1, 0, 0, set()),
    "proxy-empty-list.json": ("mcpServers list", 0, 0, 0, set()),
    "roo-windows-paths.json": ("mcpServers", 4, 2, 0, set()),
    "vscode-comments.json": ("servers", 2, 0, 0, set()),
    "vscode-docker-inputs.json": ("servers", 2, 1, 0, {"tfe_token", "tfe_address"}),
    "vscode-gallery.json": ("servers", 9, 4, 0, {"CONTEXT7_API_KEY"}),
    "vscode-header-from-env.json": ("servers", 1, 0, 0, {"BACKSTAGE_MCP_ACTIONS_TOKEN"}),
    "vscode-inputs.json": ("servers", 2, 0, 0, {"mcp-azure-function-key", "mcp-azure-function-name"}),
    "zed-context-servers.json": ("context_servers", 5, 0, 0, set()),
}


def test_every_real_file_has_its_line_in_the_table() -> None:
    assert {path.name for path in DATA.iterdir() if path.is_file()} == set(REAL)


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_real_file_gives_its_entries_and_asks_for_its_values(name: str) -> None:
    shape, count, odd_names, unreachable, asked = REAL[name]
    document = dialects.find((DATA / name).read_bytes())
    assert (document.shape, len(document.found)) == (shape, count)
    cuts = [redact.cut("svc", found.raw) for found in document.found]
    assert {ask for cut in cuts for ask in cut.asks} == asked
    assert sum(not entry_names.possible(str(found.name)) for found in document.found) == odd_names
    refused = 0
    for found, cut in zip(document.found, cuts, strict=True):
        values = {**cut.literals, **dict.fromkeys(cut.asks.values(), "value")}
        try:
            entry.parse(filling.fill(cut.entry, values), found.place)
        except InvalidConfigError as exc:
            refused += 1
            assert "neither url nor command" in str(exc)
    assert refused == unreachable


@pytest.mark.parametrize("name", sorted(REAL))
def test_cutting_and_filling_gives_the_entry_back_unknown_keys_too(name: str) -> None:
    for found in dialects.find((DATA / name).read_bytes()).found:
        cut = redact.cut("svc", found.raw)
        if not cut.asks:
            assert filling.fill_everywhere(cut.entry, cut.literals) == found.raw


ONE = {"url": "https://example.org/mcp"}
SHAPES: list[tuple[Any, str, list[str]]] = [
    ({"mcpServers": {"a": ONE}}, "mcpServers", ["mcpServers.a"]),
    ({"mcpServers": [{"name": "a", **ONE}]}, "mcpServers list", ["mcpServers[0]"]),
    ({"servers": {"a": ONE}, "inputs": []}, "servers", ["servers.a"]),
    ({"context_servers": {"a": ONE}, "theme": "dark"}, "context_servers", ["context_servers.a"]),
    ({"mcp": {"a": ONE}}, "mcp", ["mcp.a"]),
    ({"mcp": {"servers": {"a": ONE}}}, "mcp.servers", ["mcp.servers.a"]),
    ({"amp.mcpServers": {"a": ONE}}, "amp.mcpServers", ['["amp.mcpServers"].a']),
    ({"a": ONE, "$schema": "x", "_comment": "y"}, "bare", ["a"]),
    ({"mcp": ONE, "servers": ONE}, "bare", ["mcp", "servers"]),
    ({"name": "a", **ONE}, "single", ["document"]),
    ([{"name": "a", **ONE}, {"name": "b", **ONE}], "list", ["[0]", "[1]"]),
    ([{"mcpServers": {"a": ONE}}], "list", ["[0].mcpServers.a"]),
    ('{"mcpServers": {"a": {"url": "https://x.example"},},} // end', "mcpServers", ["mcpServers.a"]),
    (
        '/* a */ {"mcpServers": /* "b": */ {"a//b": {"url": "https://x.example"}}}',
        "mcpServers",
        ['mcpServers["a//b"]'],
    ),
    ("\ufeff" + '{"a": {"command": "x"}}', "bare", ["a"]),
]


@pytest.mark.parametrize(("source", "shape", "places"), SHAPES)
def test_each_shape_is_understood_with_the_places_of_its_entries(
    source: Any, shape: str, places: list[str]
) -> None:
    document = dialects.find(source)
    assert document.shape == shape
    assert [show(found.place) for found in document.found] == places
    assert all(found.problem is None for found in document.found)


def test_a_list_of_names_names_services_to_start() -> None:
    document = dialects.find('["weather", "time"]')
    assert (document.shape, document.names, document.found) == ("list of names", ("weather", "time"), ())


def test_inputs_describe_the_values_to_ask_for() -> None:
    inputs = dialects.find((DATA / "vscode-docker-inputs.json").read_bytes()).inputs
    assert inputs["tfe_token"] == dialects.Input(description="Terraform API Token", password=True)
    assert inputs["tfe_address"].password is False


LOOK_ALIKES = [
    ({"openapi": "3.1.0", "servers": [{"url": "https://api.example.org"}]}, "OpenAPI"),
    ({"name": "x", "dependencies": {"a": "1"}, "repository": {"type": "git", "url": "https://x"}}, "package"),
    ({"version": "2.0.0", "tasks": [{"command": "make"}]}, "tasks"),
    ({"services": {"web": {"image": "x"}}}, "container"),
    ({"compilerOptions": {}}, "TypeScript"),
    ({"$schema": "x", "name": "x", "packages": [], "remotes": []}, "MCP registry"),
    ({"jsonrpc": "2.0", "id": 1, "result": {}}, "JSON-RPC"),
    ({"mcp": {"allowed": ["a"]}}, "no MCP server"),
    ({"permissions": {}, "hooks": {}}, "no MCP server"),
    ({}, "no MCP server"),
]


@pytest.mark.parametrize(("source", "said"), LOOK_ALIKES)
def test_a_look_alike_is_refused_by_saying_so(source: Any, said: str) -> None:
    with pytest.raises(InvalidConfigError, match=f"no MCP server in it.*{said}|{said}"):
        dialects.find(source)

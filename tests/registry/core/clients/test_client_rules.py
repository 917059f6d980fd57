"""Which client wrote an entry, what its rules make of it, and what a person is told of that."""

from __future__ import annotations

from typing import Any

import pytest

from registry.core.clients.translation import translated
from registry.core.documents import dialects
from registry.errors import InvalidConfigError
from registry.imports import preview as import_preview
from registry.secrets import vault
from registry.services import register
from tests.support.client_files import HTTP, SSE
from tests.support.clients import save

pytestmark = pytest.mark.django_db


def meant(entry: dict[str, Any], **found: Any) -> dict[str, Any]:
    """The entry in our terms, as it comes alone in a plain document."""
    (item,) = dialects.find({"mcpServers": {"a": entry}}, **found).found
    return translated(item, item.raw).entry


@pytest.mark.parametrize(
    ("file", "client"),
    [
        ("cline_mcp_settings.json", "cline"),
        (r"C:\Users\me\AppData\Roaming\Code\cline_mcp_settings.json", "cline"),
        ("/home/me/.gemini/settings.json", "gemini"),
        (".roo/mcp.json", "roo"),
        ("project/.mcp.json", "claude-code"),
        ("claude_desktop_config.json", "claude-desktop"),
        ("mcp.json", ""),
        ("settings.json", ""),
    ],
)
def test_the_name_of_a_file_tells_its_client(file: str, client: str) -> None:
    document = dialects.find({"mcpServers": {"a": {"command": "a-mcp"}}}, file=file)
    assert (document.client, document.found[0].client) == (client, client)


def test_a_client_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidConfigError, match="cline"):
        dialects.find({"mcpServers": {}}, client="klein")


def test_one_entry_of_a_client_does_not_change_how_the_others_are_read() -> None:
    source = {
        "mcpServers": {
            "a": {"url": "https://a.example/mcp", "timeout": 30000, "autoApprove": []},
            "b": {"url": "https://b.example/mcp", "timeout": 1800},
            "c": {"url": "https://c.example/mcp"},
        }
    }
    assert [item.client for item in dialects.find(source).found] == ["cline", "", ""]


@pytest.mark.parametrize(
    ("command", "one"),
    [
        ("/opt/My App/server", True),
        ("./My Tools/run", True),
        (r"C:\Program Files\Tool\tool.exe", True),
        ("/usr/bin/node build/index.js", False),
        ("/usr/bin/python3.11 /srv/server.py", False),
        ("/opt/tool/run --config x/y", False),
        ("/opt/tool/run server.toml", False),
        ("npx -y a/b", False),
        ("'/opt/My App/server'", False),
    ],
)
def test_a_command_with_spaces_is_one_path_where_every_space_is_in_a_folders_name(
    command: str, one: bool
) -> None:
    assert (meant({"command": command}).get("args") == []) is one


@pytest.mark.parametrize(
    ("args", "asked"),
    [
        (["mcp-remote", "https://x.example/mcp", "--header", "A:${AUTH}"], []),
        (["-y", "mcp-remote@0.1.29", "https://x.example/mcp", "--header=A:${AUTH}"], []),
        (["mcp-remote", "https://${AUTH}.example/mcp"], ["AUTH"]),
        (["mcp-remote", "https://x.example/mcp", "--header", "A:${OTHER}"], ["OTHER"]),
        (["some-mcp", "--header", "A:${AUTH}"], ["AUTH"]),
    ],
)
def test_a_bridge_is_asked_for_nothing_that_it_fills_in_itself(args: list[str], asked: list[str]) -> None:
    source = {"mcpServers": {"a": {"command": "npx", "args": args, "env": {"AUTH": "Bearer abc"}}}}
    assert [ask.name for ask in import_preview.preview(source).asks] == asked
    if not asked:
        save(source)
        assert vault.reveal(register.get("a")).args == tuple(args)


def test_a_placeholder_for_a_file_asks_for_its_content() -> None:
    source = {
        "mcp": {"a": {"type": "remote", "url": "https://a.example", "headers": {"K": "${file:/run/k}"}}}
    }
    (ask,) = import_preview.preview(source).asks
    assert (ask.name, ask.description, ask.secret) == ("file_run_k", "the content of the file /run/k", True)


def test_two_files_of_the_same_letters_are_asked_for_apart() -> None:
    args = ["{file:~/.tok}", "{file:./tok}", "{file:/tok}"]
    asked = [
        ask.name for ask in import_preview.preview({"mcpServers": {"a": {"command": "x", "args": args}}}).asks
    ]
    assert len(set(asked)) == 3
    assert all(name.startswith("file_tok") for name in asked)


def test_commands_of_several_clients_are_each_read_by_its_own_rules() -> None:
    lines = "gemini mcp add --timeout 900 maps maps-mcp\ncodex mcp add wiki --url https://wiki.example/sse"
    maps, wiki = dialects.find(lines).found
    assert (maps.client, wiki.client) == ("gemini", "codex")
    assert translated(maps, maps.raw).entry["timeout"] == 0.9
    assert translated(wiki, wiki.raw).entry["type"] == HTTP


def test_a_project_of_claude_code_switches_off_its_own_servers() -> None:
    one = {"command": "a-mcp"}
    source = {
        "projects": {
            "/one": {"mcpServers": {"a": one, "b": one}, "disabledMcpServers": ["a"]},
            "/two": {"mcpServers": {"c": one}, "disabledMcpServers": []},
        }
    }
    rows = import_preview.preview(source).rows
    assert {row.name: row.understood and row.understood.on for row in rows} == {
        "a": False,
        "b": True,
        "c": True,
    }


def test_lists_about_another_file_switch_nothing_off() -> None:
    one = {"command": "a-mcp"}
    lists = {"enabledMcpjsonServers": ["x"], "disabledMcpjsonServers": ["a", "b"]}
    source = {"mcpServers": {"a": one}, **lists, "projects": {"/p": {"mcpServers": {"b": one}, **lists}}}
    assert [row.understood and row.understood.on for row in import_preview.preview(source).rows] == [
        True,
        True,
    ]


def test_a_client_that_is_only_likely_makes_no_address_an_event_stream() -> None:
    kiro = {"url": "https://a.example/mcp", "autoApprove": [], "disabledTools": [], "timeout": 60000}
    likely = {"url": "https://a.example/mcp", "autoApprove": []}
    assert meant(kiro) == {**kiro, "importedFrom": "kiro"}
    assert "type" not in meant(likely)
    assert meant(likely, client="cline")["type"] == SSE


def test_goose_and_continue_are_read_by_their_rules_in_yaml_too() -> None:
    goose = "extensions:\n  a:\n    type: stdio\n    cmd: a-mcp\n    env_keys: [A_KEY]\n    timeout: 1800\n"
    seen = import_preview.preview(goose, values={"A_KEY": "k"})
    assert (seen.read_as, seen.rows[0].understood and seen.rows[0].understood.call_timeout) == (
        "Goose configuration",
        1800,
    )
    continued = "mcpServers:\n  - name: b\n    url: https://b.example/mcp\n    apiKey: ${{ secrets.B }}\n"
    seen = import_preview.preview(continued)
    assert (seen.read_as, [ask.name for ask in seen.asks]) == ("Continue configuration", ["B"])


def test_what_codex_would_give_as_text_is_told_of_and_asked_for() -> None:
    (row,) = import_preview.preview('[mcp_servers.a]\ncommand = "a-mcp"\nargs = ["${A_KEY}"]').rows
    assert row.asks == ["A_KEY"]
    assert any("Codex passes it unchanged" in note for note in row.notes)


def test_a_sandbox_beside_the_servers_is_told_of() -> None:
    source = {"servers": {"a": {"command": "a-mcp", "sandboxEnabled": True}}, "sandbox": {"network": {}}}
    (row,) = import_preview.preview(source).rows
    assert sum("runs without one" in note for note in row.notes) == 1


def test_no_note_repeats_a_value() -> None:
    secret = "pa$SSword$Zulu"
    entry = {
        "command": "./run",
        "args": [f"--x=~/{secret}"],
        "env": {"A": secret, "PATH": f"{secret}:$PATH"},
        "bearer_token": secret,
        "timeout": 5,
    }
    (row,) = import_preview.preview({"mcpServers": {"a": entry}}).rows
    assert row.notes
    assert "Zulu" not in str(row.notes) + str(row.understood)

"""What people type and paste is the entry that they mean, or is told what is wrong with it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.utils import timezone

from registry.core.documents import dialects, naming
from registry.core.documents.typed import shell
from registry.errors import InvalidConfigError
from registry.models import Role, Service
from registry.services import register


def raw(source: object) -> dict[str, Any]:
    """Entries by name."""
    return {str(item.name): item.raw for item in dialects.find(source).found}


def refused(source: object) -> str:
    with pytest.raises(InvalidConfigError) as caught:
        dialects.find(source)
    return str(caught.value)


TYPED: list[tuple[str, dict[str, Any]]] = [
    ("https://mcp.example.org/mcp", {"example": {"url": "https://mcp.example.org/mcp"}}),
    ("  http://localhost:8080/sse\n", {"localhost-8080": {"url": "http://localhost:8080/sse"}}),
    ("maps.example.org/mcp", {"maps": {"url": "https://maps.example.org/mcp"}}),
    ("npx -y @example/server-notes", {"notes": {"command": "npx", "args": ["-y", "@example/server-notes"]}}),
    (
        "KEY=abc npx @example/mcp@latest",
        {"example": {"command": "npx", "args": ["@example/mcp@latest"], "env": {"KEY": "abc"}}},
    ),
    (
        "uv run --directory /srv/x server.py",
        {"server": {"command": "uv", "args": ["run", "--directory", "/srv/x", "server.py"]}},
    ),
    ("/opt/tools/weather-mcp --fast", {"weather": {"command": "/opt/tools/weather-mcp", "args": ["--fast"]}}),
    ("/opt/My App/server", {"server": {"command": "/opt/My App/server", "args": []}}),
    ("/opt/My App serve", {"My": {"command": "/opt/My", "args": ["App", "serve"]}}),
    ("npx x --key $KEY '$KEY'", {"x": {"command": "npx", "args": ["x", "--key", "${KEY}", "$KEY"]}}),
    ("claude mcp add plain npx x", {"plain": {"command": "npx", "args": ["x"]}}),
    (
        "claude mcp add -e A=1 -e B=2 both -- npx -y x --flag",
        {"both": {"command": "npx", "args": ["-y", "x", "--flag"], "env": {"A": "1", "B": "2"}}},
    ),
    (
        "claude mcp add -t sse feed https://feed.example.org/sse -s user",
        {"feed": {"type": "sse", "url": "https://feed.example.org/sse"}},
    ),
    (
        """claude mcp add-json wiki '{"type": "http",\n "url": "https://wiki.example.org/mcp"}'""",
        {"wiki": {"type": "http", "url": "https://wiki.example.org/mcp"}},
    ),
    (
        r'''code --add-mcp "{\"name\":\"wiki\",\"url\":\"https://wiki.example.org/mcp\"}"''',
        {"wiki": {"url": "https://wiki.example.org/mcp"}},
    ),
    (
        "gemini mcp add -t http -H 'X-A: b:c' wiki https://wiki.example.org/mcp --timeout 9000 --trust",
        {
            "wiki": {
                "type": "http",
                "headers": {"X-A": "b:c"},
                "url": "https://wiki.example.org/mcp",
                "timeout": 9000,
            }
        },
    ),
    (
        "codex mcp add files --env A=1 -- npx -y x",
        {"files": {"command": "npx", "args": ["-y", "x"], "env": {"A": "1"}}},
    ),
    (
        "goose://extension?cmd=npx&arg=-y&arg=x&id=notes&name=Notes&env=KEY%3Dthe%20key",
        {"Notes": {"command": "npx", "args": ["-y", "x"], "env_keys": ["KEY"]}},
    ),
    (
        "https://insiders.vscode.dev/redirect/mcp/install?name=wiki&config=%7B%22url%22%3A%22https%3A%2F%2Fwiki.example.org%22%7D",
        {"wiki": {"url": "https://wiki.example.org"}},
    ),
    (
        "{'a': {'url': 'https://a.example.org', 'on': True, 'x': None}}",
        {"a": {"url": "https://a.example.org", "on": True, "x": None}},
    ),
    ("const c = {a: {command: `x`, args: ['it\\'s',], }, };", {"a": {"command": "x", "args": ["it's"]}}),
    (
        'Put this in:\n{"mcpServers": {"a": {"url": "https://a.example.org"}}}\nand restart.',
        {"a": {"url": "https://a.example.org"}},
    ),
    ("```toml\n[mcp_servers.a]\nurl = 'https://a.example.org'\n```", {"a": {"url": "https://a.example.org"}}),
    (
        "```yaml\nmcpServers:\n  a:\n    url: https://a.example.org\n```",
        {"a": {"url": "https://a.example.org"}},
    ),
    ("Run:\n\n```sh\nnpx -y notes-mcp\n```\n", {"notes": {"command": "npx", "args": ["-y", "notes-mcp"]}}),
    ("https://gitlab.com/api/v4/mcp", {"gitlab": {"url": "https://gitlab.com/api/v4/mcp"}}),
    (
        '"a": {"url": "https://a.example.org"},\n"b": {"command": "x"}',
        {"a": {"url": "https://a.example.org"}, "b": {"command": "x"}},
    ),
    ('"mcpServers": {"a": {"url": "https://a.example.org"}}', {"a": {"url": "https://a.example.org"}}),
]


@pytest.mark.parametrize(("text", "entries"), TYPED, ids=[text[:30] for text, _entries in TYPED])
def test_what_people_type_or_paste_alone_is_the_entry_that_they_mean(
    text: str, entries: dict[str, Any]
) -> None:
    found = raw(text)
    assert {name: {key: entry[key] for key in entries[name]} for name, entry in found.items()} == entries


def test_an_address_that_its_client_would_start_as_a_command_is_a_url_with_a_note() -> None:
    (item,) = dialects.find("claude mcp add wiki https://wiki.example.org/mcp").found
    assert item.raw == {"url": "https://wiki.example.org/mcp"}
    assert "would start this address as a command" in item.notes[0]


def test_a_path_with_a_space_that_is_typed_alone_says_how_it_was_read() -> None:
    for text, said in (("/opt/My App/server", "read as one path"), ("/opt/My App serve", "a command line")):
        (item,) = dialects.find(text).found
        assert any(said in note for note in item.notes)


UNREADABLE: list[tuple[str, str, str]] = [
    ("hello world", "is no configuration that is known", "npx -y PACKAGE"),
    ("/home/me/mcp.json", "is the path of a file", "upload it"),
    ("/home/me/My Files/mcp.json", "is the path of a file", "upload it"),
    ("https://github.com/example/notes", "a page of source code", "Paste the configuration"),
    ("npx -y x | tee log", "has | in it, which only a shell understands", "Leave out |"),
    ("npx -y 'x", "quotation mark without its pair", "Close it"),
    ("claude mcp add", "names no server", "claude mcp add NAME"),
    ("claude mcp add -e nothing -- npx x", "-e is not followed by NAME=VALUE", "-e NAME=VALUE"),
    (
        "cursor://anysphere.cursor-deeplink/mcp/install?name=x&config=!!",
        "no server can be read from it",
        "whole link",
    ),
    ('{"a": {"command": "x" "args": []}}', """',' delimiter at " in line 1, column 23""", "Put it there"),
    ('{"a": {"command": "c:\\users\\x"}}', "escape", "Write each backslash of a path twice"),
    ('{"mcpServers": {"a": {', "at its end in line 1", "It stops too early"),
    ("mcpServers:\n  a:\n\turl: x", "is not YAML", "no tabs"),
    ("a: 1\n---\nb: 2", "starts a second document in line 2", "one by one"),
    ("mcpServers:\n  a: {command: *nowhere}", "refers to *nowhere", "Write it out"),
    (
        '```json\n{"a": {"url": "https://a.example.org"}}\n```\n```json\n{"b": {"command": "x"}}\n```',
        "2 blocks of code that could be meant, in lines 2, 5",
        "Paste the one",
    ),
]


@pytest.mark.parametrize(("text", "what", "remedy"), UNREADABLE, ids=[text[:30] for text, *_ in UNREADABLE])
def test_what_cannot_be_read_says_where_what_and_how(text: str, what: str, remedy: str) -> None:
    said = refused(text)
    assert what in said
    assert remedy in said
    assert "right there" not in said


@pytest.mark.parametrize(
    "text",
    ["uv add x", "docker pull x", "git clone https://x.example.org", "npm install x", "python -m venv x"],
)
def test_a_command_that_prepares_something_is_no_server(text: str) -> None:
    assert "is no configuration" in refused(text)


MB = 1024 * 1024


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


HOSTILE: dict[str, str] = {
    "aliases of aliases": BOMB,
    "an alias of itself": "a: &a [*a]",
    "brackets in YAML": "a: " + "[" * 5000,
    "dashes": "- " * 100_000,
    "steps": "".join(" " * level + "a:\n" for level in range(1000)),
    "lists as names": "? " * 300_000,
    "many values": "a: [" + "1," * 300_000 + "]",
    "many anchors": "".join(f"- &a{number} x\n" for number in range(90_000)),
    "merges": "a: &a {" + ",".join(f"k{n}: v" for n in range(5000)) + "}\n" + "m: {<<: *a}\n" * 20,
    "a tag": "mcpServers: !!python/object/apply:os.system [x]",
    "fences": "```\n" * 250_000,
    "a fence that never ends": "```\n" + "x: {\n" * 200_000,
    "quotes": "npx " + "'" * 500_001,
    "quotes and backslashes": 'npx "' + "\\" * 900_000,
    "words": "npx " + "a " * 500_000,
    "dollars": "npx " + "$" * 900_000,
    "lines of addresses": "https://a.example.org/x\n" * 40_000,
    "open braces in prose": "x " + "{" * 900_000,
    "prose": "word: " * 150_000,
    "single quotes": "{" + "'a': 'b', " * 100_000,
    "unfinished comments": "{" + "/*" * 400_000,
    "curly quotes": "“" * 300_000,
    "long name": "a" * 900_000 + ": b",
    "colons": ":" * 900_000,
    "a link": "cursor://x/install?config=" + "A" * 900_000,
    "a query": "vscode:mcp/install?" + "%7B" * 300_000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_text_is_answered_quickly_and_with_words(case: str) -> None:
    began = time.process_time()
    try:
        dialects.find(HOSTILE[case][:MB])
    except InvalidConfigError as exc:
        assert len(str(exc)) < 600
    assert time.process_time() - began < 8


def test_an_alias_counts_as_often_as_it_is_used() -> None:
    assert "holds more than" in refused(BOMB)


NAMES = [
    ("npx -y @example/mcp-server-github@1.2", "github"),
    ("npx @example/mcp", "example"),
    ("uvx --from git+https://x.example.org/y notes", "notes"),
    ("python -m weather_mcp", "weather"),
    ("docker run -i --rm -v /a:/b ghcr.io/example/lint-mcp-server:2 stdio", "lint"),
    ("node /srv/app/maps/index.js", "maps"),
    ("cmd /c npx -y notes-mcp", "notes"),
]


@pytest.mark.parametrize(("line", "name"), NAMES)
def test_a_command_without_a_name_is_named_after_what_it_runs(line: str, name: str) -> None:
    (words,) = shell.commands(line)
    assert naming.of_command(words) == name


@pytest.mark.django_db
def test_a_guessed_name_never_changes_a_service_that_is_called_so() -> None:
    def bring(text: str) -> register.Result:
        (result,) = register.register(text, by="x", role=Role.ADMIN, now=timezone.now())
        return result

    assert bring("https://maps.example.org/mcp").outcome == "created"
    assert bring("https://maps.example.org/mcp").outcome == "unchanged"
    other = bring("https://maps.example.net/mcp")
    assert (other.outcome, other.error and other.error.suggestion) == ("invalid", "maps-2")
    assert Service.objects.get().entry["url"] == "https://maps.example.org/mcp"

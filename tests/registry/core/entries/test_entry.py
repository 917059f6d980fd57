"""One entry: each spelling that is understood, and each mistake with its place and remedy."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.entries import addresses, entry
from registry.core.entries import names as entry_names
from registry.core.entries.addresses import Rule
from registry.core.entries.entry import ServiceConfig
from registry.errors import InvalidConfigError

AT = ("mcpServers", "weather")
URL = "https://example.org/mcp"


def config(**raw: Any) -> ServiceConfig:
    return entry.parse(raw, AT).config


SPELLINGS: list[tuple[dict[str, Any], str]] = [
    ({"command": "x"}, "stdio"),
    ({"command": "x", "type": "stdio"}, "stdio"),
    ({"command": ["x", "y"], "type": "local"}, "stdio"),
    ({"url": URL}, "streamable-http"),
    ({"url": "https://example.org/sse"}, "sse"),
    ({"url": "https://example.org/a/SSE/b"}, "sse"),
    ({"url": "https://example.org/sse-like?sse"}, "streamable-http"),
    ({"url": URL, "type": "remote"}, "streamable-http"),
    ({"url": URL, "type": "http"}, "streamable-http"),
    ({"url": URL, "type": "sse"}, "sse"),
    ({"url": URL, "transport": "streamable_http"}, "streamable-http"),
    ({"url": URL, "transport": "Streamable HTTP"}, "streamable-http"),
    ({"url": URL, "type": "streamableHttp"}, "streamable-http"),
    ({"httpUrl": "https://example.org/sse"}, "streamable-http"),
    ({"serverUrl": URL}, "streamable-http"),
    ({"url": URL, "command": None}, "streamable-http"),
]


@pytest.mark.parametrize(("raw", "transport"), SPELLINGS)
def test_the_transport_is_understood_or_inferred(raw: dict[str, Any], transport: str) -> None:
    assert entry.parse(raw, AT).config.transport == transport


def test_a_command_is_text_a_list_a_line_or_an_object() -> None:
    assert config(command="npx", args=["-y", "a b"]).args == ("-y", "a b")
    assert config(command=["npx", "-y"], args=["z"]).args == ("-y", "z")
    assert config(command='npx -y "a b"').args == ("-y", "a b")
    assert config(command="C:\\My Tools\\x.exe", args=[]).command == "C:\\My Tools\\x.exe"
    zed = config(command={"path": "npx", "args": ["-y"], "env": {"A": "1"}}, env={"B": "2"})
    assert (zed.command, zed.args, zed.env) == ("npx", ("-y",), {"A": "1", "B": "2"})


def test_numbers_among_arguments_and_variables_are_read_as_text_and_noted() -> None:
    raw = {"command": ["x", 1], "args": ["--port", 8080, True, 0.5], "env": {"PIN": 12, "ON": False}}
    made = entry.parse(raw, AT).config
    assert (made.args, made.env) == (("1", "--port", "8080", "true", "0.5"), {"PIN": "12", "ON": "false"})
    assert entry.parse({"url": URL, "headers": {"X-N": 3}}, AT).config.headers == {"X-N": "3"}
    assert entry.notes(raw, AT) == [
        "mcpServers.weather.command[1]: is a number, read as text",
        "mcpServers.weather.args[1]: is a number, read as text",
        "mcpServers.weather.args[2]: is true or false, read as text",
        "mcpServers.weather.args[3]: is a number, read as text",
        "mcpServers.weather.env.PIN: is a number, read as text",
        "mcpServers.weather.env.ON: is true or false, read as text",
    ]
    assert entry.notes({"command": "x", "args": ["a"], "timeout": 5}, AT) == []


@pytest.mark.parametrize("auth", ["oauth", " OAuth ", {"CLIENT_ID": "x"}])
def test_an_entry_that_wants_a_sign_in_by_browser_is_taken_as_such(auth: Any) -> None:
    assert entry.parse({"url": URL, "auth": auth}, AT).config.auth == "oauth"


def test_a_functional_check_is_read() -> None:
    raw = {
        "url": URL,
        "x-mcpstore-check": {"tool": "forecast", "arguments": {"city": "Oslo"}, "expect": "°C"},
    }
    check = entry.parse(raw, AT).config.check
    assert check is not None
    assert (check.tool, check.arguments, check.expect) == ("forecast", {"city": "Oslo"}, "°C")
    assert entry.parse({"command": "x", "x-mcpstore-check": {"tool": "t"}}, AT).config.check is not None
    assert entry.parse({"url": URL}, AT).config.check is None


def test_the_rest_of_an_entry_is_kept() -> None:
    made = entry.parse(
        {"command": "x", "environment": {"A": ""}, "cwd": "/srv", "tags": ["t"], "description": "d"}
        | {"profile": "critical", "priority": "high", "disabled": True, "timeout": 30_000},
        AT,
    )
    assert (made.config.env, made.config.cwd, made.config.timeout) == ({"A": ""}, "/srv", 30.0)
    assert (made.tags, made.description, made.profile, made.priority) == (("t",), "d", "critical", "high")
    assert made.enabled is False
    assert entry.parse({"url": URL, "enabled": True, "timeout": 2.5}, AT).enabled is True


MISTAKES: list[tuple[Any, str]] = [
    (3, "weather: must be an object"),
    ({"url": URL, "command": "x"}, "weather: has both url and command"),
    ({"url": URL, "serverUrl": URL}, "weather: has both url and serverUrl"),
    ({"env": {}}, "weather: has neither url nor command"),
    ({"command": 3}, "weather.command: must be text or a list"),
    ({"command": []}, "weather.command: is empty"),
    ({"command": " "}, "weather.command: is empty"),
    ({"command": ["x", {}]}, "weather.command[1]: must be text, but is an object"),
    ({"command": 'x "y'}, "weather.command: has a quotation mark"),
    ({"command": "x", "args": ["a", "b", None]}, "mcpServers.weather.args[2]: must be text, but is null"),
    ({"command": "x", "args": "a"}, "weather.args: must be a list of texts, but is text"),
    ({"command": "x", "env": {"PORT": None}}, "weather.env.PORT: must be text, but is null"),
    ({"command": "x", "env": {"A": {}}}, 'must be text, but is an object. Write "…"'),
    ({"command": "x", "env": []}, "weather.env: must be an object"),
    ({"command": "x", "env": {"A=B": "x"}}, 'weather.env["A=B"]: cannot be'),
    ({"command": "x", "env": {}, "environment": {}}, "has both env and environment"),
    ({"command": "x", "type": "http"}, "weather.type: names a remote transport"),
    ({"url": URL, "type": "stdio"}, "weather.type: says stdio"),
    ({"url": URL, "type": "git"}, 'weather.type: "git" is not a transport'),
    ({"url": URL, "type": {}}, "weather.type: must be text"),
    ({"url": URL, "type": "sse", "transport": "http"}, "type and transport say different things"),
    ({"url": "ftp://example.org"}, "weather.url: does not start with http"),
    ({"url": "ws://example.org"}, "weather.url: does not start with http"),
    ({"url": "example.org"}, "weather.url: does not start with http"),
    ({"url": "https://"}, "weather.url: names no host"),
    ({"url": "https://a b"}, "weather.url: is empty or has a space"),
    ({"url": "https://[::1"}, "weather.url: is not an address"),
    ({"url": "https://x:99999"}, "weather.url: is not an address"),
    ({"url": "http://169.254.169.254/latest"}, "weather.url: is a link-local or metadata"),
    ({"url": "http://[fe80::1]/"}, "weather.url: is a link-local"),
    ({"url": "http://metadata.google.internal/"}, "weather.url: is a link-local or metadata"),
    ({"url": URL, "headers": {"A B": "x"}}, 'weather.headers["A B"]: cannot be'),
    ({"url": URL, "headers": {"A": "x\r\nB: y"}}, "weather.headers.A: has a character"),
    ({"url": URL, "x-mcpstore-check": "x"}, "weather.x-mcpstore-check: must be an object, but is text"),
    ({"url": URL, "x-mcpstore-check": {"tool": " "}}, "weather.x-mcpstore-check.tool: is empty"),
    ({"url": URL, "x-mcpstore-check": {"tool": "t", "arguments": []}}, "check.arguments: must be an object"),
    ({"url": URL, "x-mcpstore-check": {"tool": "t", "expects": "x"}}, "check.expects: is not known"),
    ({"url": URL, "timeout": True}, "weather.timeout: must be a number"),
    ({"url": URL, "timeout": 0}, "weather.timeout: is not between"),
    ({"url": URL, "timeout": 10**17}, "weather.timeout: is not between"),
    ({"url": URL, "disabled": "no"}, "weather.disabled: must be true or false"),
    ({"url": URL, "disabled": True, "enabled": True}, "contradict"),
    ({"url": URL, "profile": "odd"}, 'weather.profile: "odd" is not known'),
    ({"url": URL, "tags": "x"}, "weather.tags: must be a list"),
]


@pytest.mark.parametrize(("raw", "said"), MISTAKES)
def test_a_mistake_is_named_with_its_place_and_a_remedy(raw: Any, said: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        entry.parse(raw, AT)
    assert said in str(caught.value)
    assert caught.value.remedy


def test_no_error_repeats_a_value() -> None:
    for raw in (
        {"url": "canary://x"},
        {"url": "https://canary:canary"},
        {"url": URL, "headers": {"A": "canary\n"}},
    ):
        with pytest.raises(InvalidConfigError) as caught:
            entry.parse(raw, AT)
        assert "canary" not in str(caught.value)


LOCAL = [
    "http://localhost:1/mcp",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://10.1.2.3/",
    "http://[::1]/",
    "http://[::ffff:10.1.2.3]/",
]


@pytest.mark.parametrize("url", LOCAL)
def test_private_addresses_are_refused_only_where_strict_and_not_allowed(url: str) -> None:
    assert entry.parse({"url": url}, AT).config.url == url
    with pytest.raises(InvalidConfigError, match="private"):
        entry.parse({"url": url}, AT, Rule())
    allowed = Rule.read(["127.0.0.0/8", "10.0.0.0/8", "::1/128"], private=False)
    assert entry.parse({"url": url}, AT, allowed).config.url == url


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",
        "0xA9FEA9FE",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.254.169.254.",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "Metadata.Google.Internal.",
    ],
)
def test_no_spelling_of_a_metadata_address_is_ever_taken(host: str) -> None:
    everything = Rule.read(["0.0.0.0/0", "::/0"], private=True)
    with pytest.raises(InvalidConfigError, match="link-local or metadata"):
        entry.parse({"url": f"http://{host}/latest"}, AT, everything)


@pytest.mark.parametrize(
    "host", ["example.org", "1.2.3.4.5", "256.1.1.1", "0x7g.1", "09.1", "1..2", "face.b00c"]
)
def test_a_name_is_no_address(host: str) -> None:
    assert addresses.address_of(host) is None


@given(st.integers(0, 2**32 - 1), st.sampled_from(["%d", "0x%x", "0%o"]), st.integers(1, 4))
def test_old_spellings_are_read_as_the_c_library_reads_them(number: int, shape: str, parts: int) -> None:
    size = 8 * (5 - parts)
    numbers = [(number >> (24 - 8 * place)) & 255 for place in range(parts - 1)] + [number & (2**size - 1)]
    text = ".".join(shape % part for part in numbers)
    assert str(addresses.address_of(text)) == socket.inet_ntoa(socket.inet_aton(text))


NAMES = [
    ("Supabase MCP", "Supabase-MCP"),
    ("microsoft/playwright-mcp", "microsoft-playwright-mcp"),
    ("@aws/documentation", "aws-documentation"),
    ("Café", "Cafe"),
    ("天气", "service"),
    ("..", "service"),
    ("x" * 10_000, "x" * 64),
]


@pytest.mark.parametrize(("given", "offered"), NAMES)
def test_a_name_that_is_not_possible_is_offered_a_better_one(given: str, offered: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        entry_names.check(given, ("mcpServers", given))
    assert caught.value.suggestion == offered
    assert entry_names.check(offered, AT) == offered
    assert len(str(caught.value)) < 500

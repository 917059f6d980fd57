"""What is cut out of an entry, under which name, and what stays for people to read."""

from __future__ import annotations

from typing import Any

import pytest

from registry.core import filling, secrecy, tokens
from registry.core.filling import MASK
from registry.errors import InvalidConfigError

LONG = "a1b2c3d4e5f6a7b8c9d0"

HIDDEN: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"env": {"API_KEY": "v"}}, {"w.env.API_KEY": "v"}),
    ({"environment": {"A": "v"}}, {"w.env.A": "v"}),
    ({"headers": {"X": "v"}}, {"w.headers.X": "v"}),
    ({"headers": {"Authorization": "Bearer v"}}, {"w.headers.Authorization": "v"}),
    ({"headers": {"Authorization": "Bearer ${A}tail"}}, {"w.headers.Authorization.2": "tail"}),
    ({"auth": "v"}, {"w.auth": "v"}),
    (
        {"url": "https://u:p@h/x?token=t&page=2#f"},
        {"w.url.user": "u", "w.url.password": "p", "w.url.query.token": "t"},
    ),
    ({"url": f"https://h/s/{LONG}/mcp?q={LONG}"}, {"w.url.path.2": LONG, "w.url.query.q": LONG}),
    ({"args": ["--api-key", "v"]}, {"w.args.1": "v"}),
    ({"args": ["--token=v", "KEY=v2"]}, {"w.args.0": "v", "w.args.1": "v2"}),
    ({"args": ["-e", "LEVEL=v", "--env=B=w"]}, {"w.args.1": "v", "w.args.2": "w"}),
    ({"args": ["--header", "X-A: v"]}, {"w.args.1": "v"}),
    ({"args": ["postgres://u:p@h/db"]}, {"w.args.0.user": "u", "w.args.0.password": "p"}),
    ({"args": ["--db=postgres://u:p@h/db"]}, {"w.args.0.user": "u", "w.args.0.password": "p"}),
    ({"args": ["ghp_abcdefghijklmnop", LONG]}, {"w.args.0": "ghp_abcdefghijklmnop", "w.args.1": LONG}),
    ({"command": "npx x --token v"}, {"w.args.6": "v"}),
    ({"command": ["npx", "--token", "v"]}, {"w.args.2": "v"}),
    ({"command": {"path": "x", "env": {"A": "v"}}}, {"w.env.A": "v"}),
    ({"oauth": {"clientSecret": "v", "scope": "all"}}, {"w.oauth.clientSecret": "v"}),
    ({"note": [LONG]}, {"w.note.0": LONG}),
    (
        {"x-mcpstore-check": {"tool": "t", "arguments": {"api_key": "v", "city": "Oslo"}, "expect": "ok"}},
        {"w.x-mcpstore-check.arguments.api_key": "v"},
    ),
]


@pytest.mark.parametrize(("raw", "literals"), HIDDEN)
def test_a_value_is_cut_out_under_the_name_of_its_place(
    raw: dict[str, Any], literals: dict[str, str]
) -> None:
    cut = secrecy.cut("w", raw)
    assert cut.literals == literals
    for value in literals.values():
        if len(value) > 3:
            assert value not in str(cut.entry)
    if not cut.asks:
        assert filling.fill_everywhere(cut.entry, cut.literals) == raw


OPEN: list[dict[str, Any]] = [
    {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-everything", "streamableHttp"]},
    {
        "command": "uvx",
        "args": ["--from", "git+https://github.com/oraios/serena", "serena", "awslabs.x@latest"],
    },
    {
        "command": "node",
        "args": ["C:\\MCP\\build\\index.js", "--env-file=.env", "/srv/data2026/a1b2c3d4e5f6a7b8"],
    },
    {"url": "https://mcp.example.org/mcp?project_ref=sxqopofoynsqkztozlix&features=docs%2Caccount"},
    {
        "url": "https://example.org/mcp",
        "alwaysAllow": ["get_issue"],
        "description": "reads the key",
        "env": {"A": ""},
    },
]


@pytest.mark.parametrize("raw", OPEN)
def test_what_is_no_secret_stays_readable(raw: dict[str, Any]) -> None:
    cut = secrecy.cut("w", raw)
    assert (cut.entry, cut.literals, cut.asks) == (raw, {}, {})


def test_a_number_is_cut_out_where_a_text_would_be_and_stays_a_number_where_not() -> None:
    raw = {"command": "x", "args": ["--port", 8080, "--pin", 1, "--password", 1234], "env": {"PIN": 4321}}
    cut = secrecy.cut("w", raw)
    assert cut.entry["args"] == ["--port", 8080, "--pin", 1, "--password", "${secret:w.args.5}"]
    assert cut.literals == {"w.args.5": "1234", "w.env.PIN": "4321"}


def test_placeholders_are_asked_for_and_never_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "from our own environment")
    raw = {
        "command": "x",
        "args": ["${CANARY}", "{env:B}", "%C%", "${input:d-e}", "${F:-g}", "$H", "{project.path}"],
    }
    cut = secrecy.cut("w", raw)
    assert list(cut.asks) == ["CANARY", "B", "C", "d-e"]
    assert cut.entry["args"][4:] == ["${F:-g}", "$H", "{project.path}"]
    filled = filling.fill(cut.entry, dict.fromkeys(cut.asks.values(), "v"))
    assert filled["args"] == ["v", "v", "v", "v", "g", "$H", "{project.path}"]


def test_percent_encoding_is_no_placeholder() -> None:
    url = "https://h/x?a=%C3%A4b%20c&f=docs%2Cdatabase%2C"
    assert secrecy.cut("w", {"url": url}).asks == {}


def test_a_default_gives_way_to_an_answer() -> None:
    raw = {"command": "x", "env": {"R": "${R:-eu}"}}
    assert secrecy.cut("w", raw).entry["env"]["R"] == "${R:-eu}"
    assert secrecy.cut("w", raw, answered={"R"}).entry["env"]["R"] == "${secret:R}"


def test_a_value_that_looks_like_a_reference_is_not_followed() -> None:
    entry = {"env": {"A": "${secret:w.env.A}"}}
    assert filling.fill(entry, {"w.env.A": "${secret:other}", "other": "x"})["env"]["A"] == "${secret:other}"


def test_two_places_never_share_a_name() -> None:
    raw = {"env": {"A B": "1", "A_B": "2", "A": "${secret:w.env.A_B.1}"}, "url": "https://h/?key=3&key=4"}
    cut = secrecy.cut("w", raw)
    assert sorted(cut.literals.values()) == ["1", "2", "3", "4"]
    assert "w.env.A_B.1" not in cut.literals


def test_names_of_secrets_stay_short() -> None:
    cut = secrecy.cut("w" * 64, {"env": {"X" * 5000: "v", "X" * 4999 + "Y": "w"}})
    assert sorted(cut.literals.values()) == ["v", "w"]
    assert all(len(name) <= 200 for name in cut.literals)


def test_dots_sent_back_by_a_form_mean_as_it_was() -> None:
    stored = secrecy.cut("w", {"command": "x", "args": ["a", "--token=t"], "env": {"K": "v"}}).entry
    sent = filling.masked(stored)
    assert sent == {"command": "x", "args": ["a", f"--token={MASK}"], "env": {"K": MASK}}
    assert filling.unmask(sent, stored, ()) == stored
    moved = {**sent, "args": ["new", *sent["args"]]}
    assert filling.unmask(moved, stored, ())["args"][2] == stored["args"][1]
    with pytest.raises(InvalidConfigError, match=r"env\.OTHER: has ••••••"):
        filling.unmask({"env": {"OTHER": MASK}}, stored, ())


def test_names_of_credentials_are_known_from_other_words() -> None:
    yes = (
        "apiKey",
        "--access-token",
        "PASSWORD",
        "x-functions-key",
        "sig",
        "SUPABASE_ACCESS_TOKEN",
        "client_secret",
    )
    no = ("author", "agent", "monkey", "keyboard", "tokenizer", "project_ref", "page", "scope")
    assert [name for name in (*yes, *no) if tokens.names_one(name)] == list(yes)

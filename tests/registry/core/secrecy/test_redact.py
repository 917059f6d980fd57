"""What is cut out of an entry, under which name, and what stays for people to read."""

from __future__ import annotations

from typing import Any

import pytest

from registry.core.entries import filling
from registry.core.entries.filling import MASK
from registry.core.secrecy import credentials, redact
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

FREE = "Zq7xK2mN9pL4vR8w"
BOT = "bot1234567890:AA" + "x1_" * 11
ANYWHERE: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"db": "mysql://u:p@h/d"}, {"w.db.user": "u", "w.db.password": "p"}),
    ({"db": "mysql://${U}:pw12@h/d"}, {"w.db.password": "pw12"}),
    ({"db": "see postgres://u:p/w@h/d"}, {"w.db": "p/w"}),
    ({"db": "u:pw12@tcp(h:3306)/d"}, {"w.db": "pw12"}),
    ({"db": "jdbc:sqlserver://h:1433;user=sa;password=pw12;x=y"}, {"w.db": "pw12"}),
    ({"db": "jdbc:mysql://u:p@h/d"}, {"w.db.user": "u", "w.db.password": "p"}),
    ({"hook": f"https://hooks.example.org/services/T0/B0/{FREE}"}, {"w.hook.path.4": FREE}),
    ({"hook": "https://example.org/in?token=pw12&v=2"}, {"w.hook.query.token": "pw12"}),
    ({"hook": f"https://example.org/in#{FREE}"}, {"w.hook.part": FREE}),
    ({"notes": f"Bearer {FREE}"}, {"w.notes": FREE}),
    (
        {"notes": "send Bearer abc-123-x, or Basic dTpwMTI="},
        {"w.notes": "abc-123-x", "w.notes.1": "dTpwMTI="},
    ),
    ({"notes": f"the old one was {FREE}{FREE}."}, {"w.notes": FREE + FREE}),
    ({"notes": "login with password=pw12 and it works"}, {"w.notes": "pw12"}),
    ({"notes": 'curl -d \'{"api_key": "a1b2c3"}\''}, {"w.notes": "a1b2c3"}),
    ({"notes": "ours: ghp_abcdefghijklmnop1"}, {"w.notes": "ghp_abcdefghijklmnop1"}),
    ({"notes": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}, {"w.notes": "\nAAAA\n"}),
    ({"hook": f"https://api.example.org/{BOT}/send"}, {"w.hook.path.1": BOT}),
    ({"notes": f"it is {BOT}, for now"}, {"w.notes": BOT}),
    ({"hook": f"https://example.org/in?code={FREE}"}, {"w.hook.query.code": FREE}),
    ({"dbpassword": "geheim", "dbPasswd": 1234}, {"w.dbpassword": "geheim", "w.dbPasswd": "1234"}),
    ({"args": ["PGPASSWORD=geheim", "--mysqlpwd", "auf"]}, {"w.args.0": "geheim", "w.args.2": "auf"}),
    ({"requestInit": {"headers": {"X-Org": "geheim"}}}, {"w.requestInit.headers.X-Org": "geheim"}),
    ({"dev": {"env": {"STAGE": "geheim", "ON": True}}}, {"w.dev.env.STAGE": "geheim"}),
    ({"deep": [{"er": {"text": "Bearer pw12pw12"}}]}, {"w.deep.0.er.text": "pw12pw12"}),
    ({"login": {"password": 123456, "max_tokens": 4096}}, {"w.login.password": "123456"}),
    ({"description": "ask ann; password: pw12"}, {"w.description": "pw12"}),
    ({"tags": ["prod", "glpat-a1b2c3d4e5f6g7"]}, {"w.tags.1": "glpat-a1b2c3d4e5f6g7"}),
    ({"args": ["-c", "TOKEN=pw12 run --url http://u:p@h"]}, {"w.args.1": "pw12 run --url http://u:p@h"}),
    ({"args": ["-c", "curl -H 'Authorization: Bearer pw12pw12'"]}, {"w.args.1": "pw12pw12"}),
    ({"args": ["${DB:-mysql://u:p@h/d}"]}, {"w.default.DB": "mysql://u:p@h/d"}),
    ({"env": {"K": "${K:-glpat-a1b2c3d4e5f6g7}"}}, {"w.default.K": "glpat-a1b2c3d4e5f6g7"}),
    ({"auth": {"note": "Bearer pw12pw12"}}, {"w.auth.note": "pw12pw12"}),
    (
        {"command": {"path": "x", "more": "mysql://u:p@h"}},
        {"w.command.more.user": "u", "w.command.more.password": "p"},
    ),
]


@pytest.mark.parametrize(("raw", "literals"), ANYWHERE, ids=str)
def test_a_credential_under_a_key_that_nobody_knows_is_cut_out_as_well(
    raw: dict[str, Any], literals: dict[str, str]
) -> None:
    cut = redact.cut("w", raw)
    assert cut.literals == literals
    assert not cut.asks
    again = redact.cut("w", cut.entry, kept=filling.all_references(cut.entry))
    assert (again.entry, again.literals) == (cut.entry, {})


@pytest.mark.parametrize(("raw", "literals"), HIDDEN)
def test_a_value_is_cut_out_under_the_name_of_its_place(
    raw: dict[str, Any], literals: dict[str, str]
) -> None:
    cut = redact.cut("w", raw)
    assert cut.literals == literals
    for value in literals.values():
        if len(value) > 3:
            assert value not in str(cut.entry)
    if not cut.asks:
        assert filling.fill_everywhere(cut.entry, cut.literals) == raw


SHA = "0123456789abcdef0123" * 2
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
    {
        "url": "https://example.org/mcp",
        "description": "Bearer token: see https://example.org/docs/auth#tokens. The key: value pairs",
        "notes": "Set API_KEY=<your-key> or token=$TOKEN; auth: OAuth, code=200, Basic authentication",
        "repository": {
            "url": "git+ssh://git@github.com/ann/server.git",
        },
        "image": "registry.example.org:5000/ann/server@sha256:" + "0123456789abcdef" * 4,
        "homepage": "https://packages.example.org/package/@ann/server-everything?activeTab=readme",
        "dev": "http://localhost:3000/@vite/client",
        "authProviderType": "google_credentials",
        "oauth": {"auth_type": "none", "token_url": "https://example.org/oauth/token"},
        "locale": {"language_code": "en", "zip_code": "90210", "tokens": "4096"},
        "source": f"https://raw.example.org/ann/server/{SHA}/mcp.json",
        "page": f"https://example.org/ann/server/blob/{SHA}/mcp.json",
        "args": ["--country-code", "US", "--tokens", "4096", "--tokens", 4096, "max_tokens=4096"],
        "alwaysAllow": ["get_api_key_usage", "list-access-tokens"],
        "autoApprove": [],
        "max_tokens": 4096,
        "tags": ["prod", "eu-west-1", "team-a"],
        "title": "Ask $NAME or ${NAME}",
    },
]


@pytest.mark.parametrize("raw", OPEN)
def test_what_is_no_secret_stays_readable(raw: dict[str, Any]) -> None:
    cut = redact.cut("w", raw)
    assert (cut.entry, cut.literals, cut.asks) == (raw, {}, {})


def test_a_number_is_cut_out_where_a_text_would_be_and_stays_a_number_where_not() -> None:
    raw = {"command": "x", "args": ["--port", 8080, "--pin", 1, "--password", 1234], "env": {"PIN": 4321}}
    cut = redact.cut("w", raw)
    assert cut.entry["args"] == ["--port", 8080, "--pin", 1, "--password", "${secret:w.args.5}"]
    assert cut.literals == {"w.args.5": "1234", "w.env.PIN": "4321"}


def test_placeholders_are_asked_for_and_never_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "from our own environment")
    raw = {
        "command": "x",
        "args": ["${CANARY}", "{env:B}", "%C%", "${input:d-e}", "${F:-g}", "$H", "{project.path}"],
    }
    cut = redact.cut("w", raw)
    assert list(cut.asks) == ["CANARY", "B", "C", "d-e"]
    assert cut.entry["args"][4:] == ["${F:-g}", "$H", "{project.path}"]
    filled = filling.fill(cut.entry, dict.fromkeys(cut.asks.values(), "v"))
    assert filled["args"] == ["v", "v", "v", "v", "g", "$H", "{project.path}"]


def test_percent_encoding_is_no_placeholder() -> None:
    url = "https://h/x?a=%C3%A4b%20c&f=docs%2Cdatabase%2C"
    assert redact.cut("w", {"url": url}).asks == {}


def test_a_default_gives_way_to_an_answer() -> None:
    raw = {"command": "x", "env": {"R": "${R:-eu}"}}
    assert redact.cut("w", raw).entry["env"]["R"] == "${R:-eu}"
    assert redact.cut("w", raw, answered={"R"}).entry["env"]["R"] == "${secret:R}"


def test_a_value_that_looks_like_a_reference_is_not_followed() -> None:
    entry = {"env": {"A": "${secret:w.env.A}"}}
    assert filling.fill(entry, {"w.env.A": "${secret:other}", "other": "x"})["env"]["A"] == "${secret:other}"


def test_two_places_never_share_a_name() -> None:
    raw = {"env": {"A B": "1", "A_B": "2", "A": "${secret:w.env.A_B.1}"}, "url": "https://h/?key=3&key=4"}
    cut = redact.cut("w", raw)
    assert sorted(cut.literals.values()) == ["1", "2", "3", "4"]
    assert "w.env.A_B.1" not in cut.literals


def test_names_of_secrets_stay_short() -> None:
    cut = redact.cut("w" * 64, {"env": {"X" * 5000: "v", "X" * 4999 + "Y": "w"}})
    assert sorted(cut.literals.values()) == ["v", "w"]
    assert all(len(name) <= 200 for name in cut.literals)


def test_dots_sent_back_by_a_form_mean_as_it_was() -> None:
    stored = redact.cut("w", {"command": "x", "args": ["a", "--token=t"], "env": {"K": "v"}}).entry
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
    assert [name for name in (*yes, *no) if credentials.names_one(name)] == list(yes)

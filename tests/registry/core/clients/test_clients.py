"""An import means what its client meant: a file per client, and each of its entries saved so."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from registry.core.clients import recognition
from registry.core.documents import dialects
from registry.core.documents.found import Choice
from registry.imports import preview as import_preview
from registry.mcpjson import image
from registry.models import Desired, Role, Service
from registry.secrets import vault
from registry.services import change as service_change
from registry.services import register
from tests.support.client_files import FILES, HTTP, SSE, Meant
from tests.support.clients import save
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db
DATA = ROOT / "tests" / "registry" / "data" / "clients"


def test_every_client_has_its_file_in_the_table() -> None:
    assert {path.name for path in DATA.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_preview_says_what_is_saved_and_it_is_what_the_client_meant(name: str) -> None:
    read_as, entries = FILES[name]
    data = (DATA / name).read_bytes()
    answers = {ask.name: f"answer to {ask.name}" for ask in import_preview.preview(data).asks}
    seen = import_preview.preview(data, values=answers)
    assert seen.read_as == read_as
    assert {row.name: row.outcome for row in seen.rows} == dict.fromkeys(entries, "added")
    assert set(save(data, values=answers).values()) == {"created"}
    for row in seen.rows:
        check(row, entries[row.name])
    assert {row.outcome for row in import_preview.preview(data, values=answers).rows} == {"unchanged"}


def check(row: import_preview.Row, wanted: Meant) -> None:
    """The preview's line against the table, and both against what the engine will be given."""
    service = register.get(row.name)
    config, told = vault.reveal(service), row.understood
    assert told is not None
    assert (config.transport, config.timeout, config.start_timeout) == (
        wanted.transport,
        wanted.call,
        wanted.start,
    )
    assert (dict(config.headers), dict(config.env)) == (wanted.headers, wanted.env)
    assert wanted.program in ("", config.command)
    assert wanted.args in (None, config.args)
    assert (service.desired == Desired.RUNNING) is wanted.on
    assert (told.transport, told.call_timeout, told.start_timeout) == (
        config.transport,
        config.timeout,
        config.start_timeout,
    )
    assert (told.headers, told.variables) == (tuple(config.headers), tuple(config.env))
    assert (told.on, told.not_in_force, told.assumed) == (wanted.on, wanted.inert, wanted.assumed)
    assert all(any(part in note for note in row.notes) for part in wanted.said), row.notes


def test_names_of_variables_are_no_secrets_and_come_back_as_they_were() -> None:
    data = (DATA / "codex.toml").read_bytes()
    answers = {ask.name: "v" for ask in import_preview.preview(data).asks}
    save(data, values=answers)
    exported = image.document()["mcpServers"]
    assert exported["figures"]["bearer_token_env_var"] == "FIGURES_TOKEN"
    assert exported["figures"]["env_http_headers"] == {"X-Trace": "TRACE_ID"}
    assert exported["build"]["env_vars"] == ["BUILD_TOKEN", {"name": "CACHE_DIR", "source": "local"}]
    assert (
        exported["figures"]["headers" if "headers" in exported["figures"] else "http_headers"][
            "Authorization"
        ]
        == "Bearer ${secret:FIGURES_TOKEN}"
    )


def test_a_token_in_the_place_of_a_variables_name_is_taken_for_the_token_and_hidden() -> None:
    token = "ghp_abcdefghij0123456789"
    save({"mcpServers": {"a": {"url": "https://a.example/mcp", "bearer_token_env_var": token}}})
    service = register.get("a")
    assert vault.reveal(service).headers == {"Authorization": f"Bearer {token}"}
    assert token not in str(service.entry)


@pytest.mark.parametrize(
    ("client", "timeout", "seconds"),
    [
        ("cline", 1800, 1800),
        ("roo", 60, 60),
        ("zed", 1000, 1000),
        ("goose", 300, 300),
        ("cherry", 2000, 2000),
        ("gemini", 900, 0.9),
        ("opencode", 900, 0.9),
        ("claude-code", 1000, 1),
        ("claude-code", 999, None),
        ("kiro", 60000, 60),
        ("cline", 86400, 3600),
    ],
)
def test_a_time_limit_has_its_clients_unit(client: str, timeout: float, seconds: float | None) -> None:
    source = {"mcpServers": {"a": {"command": "a-mcp", "timeout": timeout}}}
    save(dialects.find(source, client=client))
    assert vault.reveal(register.get("a")).timeout == seconds
    assert save(image.text_of(image.document())) == {"a": "unchanged"}


def test_what_a_person_chooses_goes_before_what_was_assumed() -> None:
    source = {"mcpServers": {"a": {"url": "https://a.example/mcp", "timeout": 1800}}}
    document = recognition.chosen(dialects.find(source), {"a": Choice(unit="s", transport=SSE)})
    save(document)
    config = vault.reveal(register.get("a"))
    assert (config.transport, config.timeout) == (SSE, 1800)
    assert save(image.text_of(image.document())) == {"a": "unchanged"}


def test_an_entry_that_was_read_once_is_not_read_by_its_client_again() -> None:
    """Or a limit that is changed here would be taken for its client's unit."""
    save((DATA / "gemini-entry.json").read_bytes(), values={"NEWS_KEY": "k"})
    service_change.change("news", {"timeout": 7}, by="x", role=Role.ADMIN, now=timezone.now())
    service_change.edit(
        "news",
        {"description": "x"},
        seen=service_change.mark(register.get("news")),
        by="x",
        role=Role.ADMIN,
        now=timezone.now(),
    )
    written = image.text_of(image.document())
    assert vault.reveal(register.get("news")).timeout == 7
    Service.objects.all().delete()
    save(written, values={"NEWS_KEY": "k", "news.headers.X-Key": "k"})
    assert vault.reveal(register.get("news")).timeout == 7


def test_a_header_that_was_taken_out_by_hand_does_not_come_back() -> None:
    save((DATA / "codex-entry.json").read_bytes(), values={"PLANS_TOKEN": "t"})
    service_change.edit(
        "plans",
        {"headers": {}},
        seen=service_change.mark(register.get("plans")),
        by="x",
        role=Role.ADMIN,
        now=timezone.now(),
    )
    assert vault.reveal(register.get("plans")).headers == {}
    assert save(image.text_of(image.document())) == {"plans": "unchanged"}


def test_a_whole_new_entry_is_read_by_its_clients_rules() -> None:
    save({"mcpServers": {"a": {"command": "a-mcp"}}})
    entry = {"httpUrl": "https://a.example/mcp", "timeout": 900}
    service_change.change("a", {"config": entry}, by="x", role=Role.ADMIN, now=timezone.now())
    config = vault.reveal(register.get("a"))
    assert (config.transport, config.timeout) == (HTTP, 0.9)


@pytest.mark.parametrize(
    ("client", "entry", "inert"),
    [
        ("codex", {"command": "a-mcp", "timeout": 5, "disabled": True}, ("disabled", "timeout")),
        ("codex", {"url": "https://a.example/mcp", "headers": {"X": "geheim"}}, ("headers",)),
        ("claude-code", {"command": "a-mcp", "disabled": True}, ("disabled",)),
        ("gemini", {"command": "a-mcp", "enabled": False}, ("enabled",)),
    ],
)
def test_what_a_client_does_not_read_is_kept_and_not_in_force(
    client: str, entry: dict[str, Any], inert: tuple[str, ...]
) -> None:
    document = dialects.find({"mcpServers": {"a": entry}}, client=client)
    (row,) = import_preview.preview(document).rows
    assert row.understood
    assert (row.understood.on, row.understood.call_timeout, row.understood.headers) == (True, None, ())
    assert row.understood.not_in_force == inert
    save(document)
    assert "geheim" not in str(register.get("a").entry)
    assert save(image.text_of(image.document())) == {"a": "unchanged"}
    assert save(document) == {"a": "unchanged"}

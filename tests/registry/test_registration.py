"""Saving: all the good entries or none of them, the bad ones reported, nothing else touched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from registry import previewing, registration, secrets
from registry.core.correcting import Correction
from registry.core.filling import MASK
from registry.errors import InvalidConfigError, NotAllowedError, ServiceNotFoundError
from registry.models import AuditEntry, Desired, RegistryHead, Role, Secret, Service
from tests.registry.conftest import NOW, Register, outcomes

pytestmark = pytest.mark.django_db

URL = "https://example.org/mcp"
WEATHER: dict[str, Any] = {"command": "npx", "args": ["-y", "weather"], "env": {"API_KEY": "canary-1234"}}


def test_a_service_is_saved_its_values_cut_out_and_approved(register: Register) -> None:
    assert outcomes(register({"mcpServers": {"weather": {**WEATHER, "x-note": [1]}}})) == [
        ("weather", "created")
    ]
    service = registration.get("weather")
    assert service.entry["env"] == {"API_KEY": "${secret:weather.env.API_KEY}"}
    assert service.entry["x-note"] == [1]
    assert (service.transport, service.endpoint, service.desired) == ("stdio", "npx -y weather", "running")
    assert secrets.reveal(service).env == {"API_KEY": "canary-1234"}
    assert registration.is_approved(service)
    assert (service.revision, RegistryHead.objects.get().revision) == (1, 1)
    assert AuditEntry.objects.get().action == "service added"


def test_a_batch_saves_the_good_and_reports_each_bad_one(register: Register) -> None:
    results = register(
        {
            "mcpServers": {
                "good": {"url": URL},
                "both": {"url": URL, "command": "x"},
                "a b": {"url": URL},
                "odd": 3,
                "asks": {"url": URL, "headers": {"K": "${TOKEN}"}},
            }
        }
    )
    assert [result.outcome for result in results] == ["created", "invalid", "invalid", "invalid", "invalid"]
    assert [result.error.where for result in results if result.error] == [
        "mcpServers.both",
        'mcpServers["a b"]',
        "mcpServers.odd",
        "mcpServers.asks",
    ]
    assert results[2].error is not None
    assert results[2].error.suggestion == "a-b"
    assert results[4].error is not None
    assert results[4].error.asks == ("TOKEN",)
    assert list(Service.objects.values_list("name", flat=True)) == ["good"]


def test_a_corrected_name_and_an_answer_save_the_rest(register: Register) -> None:
    document = {"mcpServers": {"a b": {"url": URL, "headers": {"K": "${TOKEN}"}}, "c": {"url": URL}}}
    results = register(document, renames={"a b": "a-b"}, values={"TOKEN": "v"}, only={"a-b"})
    assert outcomes(results) == [("a-b", "created")]
    assert secrets.reveal(registration.get("a-b")).headers == {"K": "v"}


def test_a_name_too_long_to_show_is_corrected_by_what_is_shown(register: Register) -> None:
    document = {"x" * 10_000: {"url": URL}}
    (row,) = previewing.preview(document).rows
    assert len(row.name) <= 65
    assert outcomes(register(document, renames={row.name: row.suggestion})) == [("x" * 64, "created")]


def test_a_value_once_given_is_reused_and_its_change_reaches_every_user_of_it(register: Register) -> None:
    register({"one": {"url": URL, "headers": {"K": "${TOKEN}"}}}, values={"TOKEN": "v1"})
    assert outcomes(register({"two": {"url": URL, "headers": {"K": "Bearer {env:TOKEN}"}}})) == [
        ("two", "created")
    ]
    assert secrets.reveal(registration.get("two")).headers == {"K": "Bearer v1"}
    register({"two": {"url": URL, "headers": {"K": "Bearer {env:TOKEN}"}}}, values={"TOKEN": "v2"})
    one = registration.get("one")
    assert (secrets.reveal(one).headers, one.revision, registration.is_approved(one)) == (
        {"K": "v2"},
        2,
        True,
    )


def test_a_default_needs_no_answer_but_takes_one(register: Register) -> None:
    document = {"a": {"command": "x", "env": {"REGION": "${REGION:-eu}"}}}
    assert outcomes(register(document)) == [("a", "created")]
    assert secrets.reveal(registration.get("a")).env == {"REGION": "eu"}
    assert outcomes(register(document, values={"REGION": "us"})) == [("a", "updated")]
    assert secrets.reveal(registration.get("a")).env == {"REGION": "us"}


def test_the_same_again_changes_nothing_and_a_change_grows_the_revision(register: Register) -> None:
    register({"weather": WEATHER})
    before = Service.objects.values().get()
    assert outcomes(register({"weather": WEATHER})) == [("weather", "unchanged")]
    assert Service.objects.values().get() == before
    assert RegistryHead.objects.get().revision == 1
    register({"weather": {**WEATHER, "tags": ["t"]}})
    assert registration.get("weather").revision == 1, "a tag is nothing to reconnect for"
    register({"weather": {**WEATHER, "env": {"API_KEY": "other"}}})
    assert registration.get("weather").revision == 2
    assert registration.is_approved(registration.get("weather"))


def test_what_is_desired_is_kept_unless_the_entry_says_otherwise(register: Register) -> None:
    register({"a": {"url": URL, "disabled": True}})
    service = registration.get("a")
    assert service.desired == Desired.STOPPED
    registration.set_desired(service.pk, Desired.RUNNING, by="ann", now=NOW)
    register({"a": {"url": URL + "2"}})
    assert registration.get("a").desired == Desired.RUNNING
    assert outcomes(register({"a": {"url": URL + "2", "enabled": False}})) == [("a", "updated")]
    assert registration.get("a").desired == Desired.STOPPED


def test_a_list_of_names_starts_the_known_ones(register: Register) -> None:
    register({"a": {"url": URL, "disabled": True}, "b": {"url": URL}})
    assert outcomes(register(["a", "b", "c"])) == [("a", "updated"), ("b", "unchanged"), ("c", "invalid")]
    assert registration.get("a").desired == Desired.RUNNING


def test_an_operator_may_add_addresses_but_no_commands_and_a_viewer_nothing(register: Register) -> None:
    document = {"a": {"url": URL}, "b": {"command": "x"}}
    assert outcomes(register(document, role=Role.OPERATOR)) == [("a", "created"), ("b", "invalid")]
    with pytest.raises(NotAllowedError):
        register(document, role=Role.VIEWER)


def test_an_operator_cannot_send_a_known_value_to_another_address(register: Register) -> None:
    register(
        {"a": {"url": URL, "headers": {"K": "canary-1"}}, "s": {"url": URL, "auth": "${SHARED}"}},
        values={"SHARED": "canary-2"},
    )
    evil = "https://evil.example/mcp"
    for reference in ("${secret:a.headers.K}", "${secret:SHARED}", "${SHARED}", MASK):
        for name in ("a", "new"):
            results = register({name: {"url": evil, "headers": {"K": reference}}}, role=Role.OPERATOR)
            if reference == MASK and name == "a":
                assert results[0].error is not None and results[0].error.asks == ("a.headers.K",)
            assert results[0].outcome == "invalid"
    kept = register({"a": {"url": URL + "/2", "headers": {"K": MASK}}}, role=Role.OPERATOR)
    assert outcomes(kept) == [("a", "updated")]
    assert secrets.reveal(registration.get("a")).headers == {"K": "canary-1"}


def test_an_operators_answer_never_changes_what_others_share(register: Register) -> None:
    register({"s": {"url": URL, "auth": "${SHARED}"}}, values={"SHARED": "v1"})
    for name in ("s", "mine"):
        register({name: {"url": URL, "auth": "${SHARED}"}}, role=Role.OPERATOR, values={"SHARED": "v2"})
        assert secrets.reveal(registration.get(name)).auth == "v2"
    assert secrets.unseal(Secret.objects.get(name="SHARED").ciphertext) == "v1"


def test_one_service_never_takes_the_secret_of_another_by_its_name(register: Register) -> None:
    register({"w.env": {"url": URL, "headers": {"K": "canary-1"}}})
    document = {"w": {"url": URL, "headers": {"K": "${secret:w.env.headers.K}"}}}
    assert register(document)[0].outcome == "invalid"
    register(document, values={"w.env.headers.K": "v2"})
    register({"w": {"command": "x", "env": {"headers.K": "v3"}}})
    assert secrets.reveal(registration.get("w.env")).headers == {"K": "canary-1"}
    assert secrets.reveal(registration.get("w")).env == {"headers.K": "v3"}


@pytest.mark.parametrize(
    ("stdio", "listed", "outcome"),
    [
        ("off", "", "invalid"),
        ("allowlist", "", "invalid"),
        ("allowlist", "npx -y *", "created"),
        ("allowlist", "npx", "invalid"),
    ],
)
def test_commands_may_be_switched_off_or_listed(
    register: Register, settings: Settings, data_dir: Path, stdio: str, listed: str, outcome: str
) -> None:
    settings.STDIO = stdio
    (data_dir / "stdio-allow.txt").write_text(f"# allowed\n{listed}\n")
    assert register({"weather": WEATHER})[0].outcome == outcome


def test_switching_commands_off_takes_approvals_back(register: Register, settings: Settings) -> None:
    register({"weather": WEATHER})
    settings.STDIO = "off"
    assert not registration.is_approved(registration.get("weather"))


@pytest.mark.parametrize(
    "edit", [{"command": "evil"}, {"args": ["evil"]}, {"env": {"LD_PRELOAD": "evil.so"}}]
)
def test_an_edit_behind_our_back_is_not_approved(register: Register, edit: dict[str, Any]) -> None:
    register({"weather": WEATHER})
    service = registration.get("weather")
    Service.objects.filter(pk=service.pk).update(entry={**service.entry, **edit})
    assert not registration.is_approved(registration.get("weather"))


def test_a_changed_shared_value_approves_nothing_that_was_not_approved(register: Register) -> None:
    entry = {"command": "x", "env": {"T": "${SHARED}"}}
    register({"good": entry, "edited": entry}, values={"SHARED": "v1"})
    edited = registration.get("edited")
    Service.objects.filter(pk=edited.pk).update(entry={**edited.entry, "command": "evil"})
    register({"other": {"url": URL, "auth": "${SHARED}"}}, values={"SHARED": "v2"})
    assert registration.is_approved(registration.get("good"))
    assert secrets.reveal(registration.get("good")).env == {"T": "v2"}
    assert not registration.is_approved(registration.get("edited"))


@pytest.mark.parametrize(
    "name", ["PATH", "LD_PRELOAD", "NODE_OPTIONS", "npm_config_registry", "PYTHONPATH", "HOME"]
)
def test_an_allowed_command_gets_no_variable_that_makes_it_another(
    register: Register, settings: Settings, data_dir: Path, name: str
) -> None:
    entry = {"command": "npx", "args": ["-y", "x"], "env": {name: "evil", "API_KEY": "k"}}
    register({"before": entry})
    settings.STDIO = "allowlist"
    (data_dir / "stdio-allow.txt").write_text("npx -y *\n")
    (result,) = register({"a": entry})
    assert result.error is not None and result.error.where == f"a.env.{name}"
    assert not registration.is_approved(registration.get("before"))
    harmless = {"API_KEY": "k", "NODE_ENV": "production", "PYTHONUNBUFFERED": "1"}
    assert register({"a": {**entry, "env": harmless}})[0].outcome == "created"
    assert registration.is_approved(registration.get("a"))


def test_a_removed_service_is_gone_and_its_name_free(register: Register) -> None:
    register({"weather": WEATHER})
    old = registration.get("weather")
    registration.remove("weather", by="ann", now=NOW)
    for act in (
        lambda: registration.get("weather"),
        lambda: registration.remove("weather", by="ann", now=NOW),
    ):
        with pytest.raises(ServiceNotFoundError):
            act()
    assert outcomes(register({"weather": {**WEATHER, "env": {"API_KEY": "new"}}})) == [("weather", "created")]
    new = registration.get("weather")
    assert new.pk != old.pk
    assert secrets.reveal(new).env == {"API_KEY": "new"}


def test_a_value_that_is_gone_is_named(register: Register) -> None:
    register({"weather": WEATHER})
    Secret.objects.all().delete()
    with pytest.raises(InvalidConfigError, match=r"needs a value for weather\.env\.API_KEY"):
        secrets.reveal(registration.get("weather"))


def test_a_preview_says_the_same_and_writes_nothing(register: Register) -> None:
    register({"same": {"url": URL}, "other": {"url": URL}, "gone": {"url": URL}})
    seen = previewing.preview(
        {
            "inputs": [{"id": "key", "description": "The key", "password": False}],
            "servers": {
                "same": {"url": URL},
                "other": {"url": URL + "2"},
                "new": {"command": "x", "args": ["--token", "canary"]},
                "asks": {"url": "http://localhost:${input:port}/mcp", "headers": {"K": "${input:key}"}},
                "a b": {"url": URL},
                "wrong": {"url": "ftp://${input:host}/"},
            },
        }
    )
    assert [(row.name, row.outcome) for row in seen.rows] == [
        ("same", "unchanged"),
        ("other", "changed"),
        ("new", "added"),
        ("asks", "asks"),
        ("a b", "invalid"),
        ("wrong", "invalid"),
    ]
    assert seen.rows[2].endpoint == f"x --token {MASK}"
    assert (seen.rows[3].asks, seen.rows[4].suggestion) == (["port", "key"], "a-b")
    assert seen.asks[1] == previewing.Ask(name="key", description="The key", secret=False)
    assert seen.missing == ["gone"]
    assert Service.objects.count() == 3


def test_adding_one_service_costs_the_same_among_a_thousand(register: Register) -> None:
    def queries(name: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            register({name: {"url": URL, "headers": {"K": "v"}}})
        return len(seen)

    few = queries("one")
    register({"mcpServers": {f"s{n}": {"url": URL, "headers": {"K": "v"}} for n in range(1000)}})
    touched = Service.objects.exclude(name="last").order_by("pk").values_list("pk", "updated_at", "position")
    before = list(touched)
    assert queries("last") <= few <= 16
    assert list(touched) == before


def test_a_large_document_is_saved_in_parts_that_let_others_write(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "PART", 2)
    entries: dict[str, Any] = {f"s{n}": {"url": URL} for n in range(4)} | {"bad": {}}
    seen: list[tuple[int, int, int]] = []

    def progress(done: int, count: int) -> None:
        seen.append((done, count, Service.objects.count()))

    results = register({"mcpServers": entries}, progress=progress)
    assert outcomes(results) == [*[(f"s{n}", "created") for n in range(4)], ("bad", "invalid")]
    assert seen == [(2, 5, 2), (4, 5, 4), (5, 5, 4)]


def test_entries_are_taken_and_corrected_by_their_number(register: Register) -> None:
    document = [{"name": "a", "url": URL}, {"name": "a", "url": URL + "/2"}, {"name": "c"}, "a"]
    corrections = {1: Correction(name="b"), 2: Correction(text='{"url": "https://c.example/"}')}
    seen = previewing.preview(document, corrections=corrections, at={0, 1, 2})
    assert [(row.number, row.name, row.outcome) for row in seen.rows] == [
        (0, "a", "added"),
        (1, "b", "added"),
        (2, "c", "added"),
    ]
    assert outcomes(register(document, corrections=corrections, at={1, 2})) == [
        ("b", "created"),
        ("c", "created"),
    ]
    assert outcomes(register(document, at={0, 3})) == [("a", "created"), ("a", "unchanged")]


def test_a_preview_shows_what_changes_without_values(register: Register) -> None:
    register({"a": {"url": URL, "headers": {"K": "canary-1"}}})
    entry = {"url": URL, "headers": {"K": "canary-2"}, "tags": ["t"], "disabled": True}
    (row,) = previewing.preview({"a": entry}).rows
    changed = [line.text.strip() for line in row.lines if line.kind in ("in", "out")]
    assert '"t"' in changed
    assert '"disabled": true' in changed
    assert "canary" not in str(row)
    assert row.notes == ["a.headers.K: gets another value"]


def test_a_preview_says_where_only_hidden_values_change_and_what_is_started(register: Register) -> None:
    headers = {"K": "canary-1", "L": "same-as-ever", "M": "${SHARED}"}
    register({"a": {"url": URL, "headers": headers}}, values={"SHARED": "canary-2"})
    register({"b": {"url": URL, "disabled": True}})
    again = {"a": {"url": URL, "headers": headers | {"K": "canary-3", "M": "canary-4"}}}
    (row,) = previewing.preview(again).rows
    assert row.outcome == "changed"
    assert row.lines == []
    assert row.notes == ["a.headers.K: gets another value", "a.headers.M: gets another value"]
    assert [row.notes for row in previewing.preview(["a", "b"]).rows] == [[], ["b: will be started"]]


def test_a_preview_names_stored_values_that_a_new_entry_would_take(register: Register) -> None:
    asks = {"url": URL, "headers": {"K": "Bearer ${TOKEN}"}}
    register({"a": asks}, values={"TOKEN": "canary-1"})
    (row,) = previewing.preview({"b": asks | {"url": "https://elsewhere.example.org/mcp"}}).rows
    assert row.outcome == "added"
    assert row.notes == ["b: takes the value of TOKEN that is stored here"]
    assert previewing.preview({"a": asks}).rows[0].notes == []


def test_positions_follow_the_document_and_the_time(register: Register) -> None:
    register({"b": {"url": URL}, "a": {"url": URL}})
    registration.register({"c": {"url": URL}}, by="bob", role=Role.ADMIN, now=NOW + timedelta(hours=1))
    assert list(Service.objects.order_by("position").values_list("name", flat=True)) == ["b", "a", "c"]


def test_where_addresses_are_strict_the_allowed_networks_are_open(register: Register, settings: Any) -> None:
    settings.EGRESS_STRICT, settings.EGRESS_ALLOW = True, ("10.0.0.0/8",)
    entries = {name: {"url": f"http://{name}/mcp"} for name in ("10.1.2.3", "192.168.1.1", "a.example")}
    results = register(entries)
    assert outcomes(results) == [
        ("10.1.2.3", "created"),
        ("192.168.1.1", "invalid"),
        ("a.example", "created"),
    ]
    assert "MCPSTORE_EGRESS_ALLOW" in str(results[1].error)
    assert registration.is_approved(registration.get("10.1.2.3"))

"""Saving: all the good entries or none of them, the bad ones reported, nothing else touched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.errors import InvalidConfigError, ServiceNotFoundError
from registry.imports import preview as import_preview
from registry.models import AuditEntry, Desired, RegistryHead, Role, Secret, Service
from registry.secrets import vault
from registry.services import register as service_register
from tests.support.registering import NOW, URL, WEATHER, Register, outcomes

pytestmark = pytest.mark.django_db


def test_a_service_is_saved_its_values_cut_out_and_approved(register: Register) -> None:
    assert outcomes(register({"mcpServers": {"weather": {**WEATHER, "x-note": [1]}}})) == [
        ("weather", "created")
    ]
    service = service_register.get("weather")
    assert service.entry["env"] == {"API_KEY": "${secret:weather.env.API_KEY}"}
    assert service.entry["x-note"] == [1]
    assert (service.transport, service.endpoint, service.desired) == ("stdio", "npx -y weather", "running")
    assert vault.reveal(service).env == {"API_KEY": "canary-1234"}
    assert service_register.is_approved(service)
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
    assert vault.reveal(service_register.get("a-b")).headers == {"K": "v"}


def test_a_name_too_long_to_show_is_corrected_by_what_is_shown(register: Register) -> None:
    document = {"x" * 10_000: {"url": URL}}
    (row,) = import_preview.preview(document).rows
    assert len(row.name) <= 65
    assert outcomes(register(document, renames={row.name: row.suggestion})) == [("x" * 64, "created")]


def test_a_value_once_given_is_reused_and_its_change_reaches_every_user_of_it(register: Register) -> None:
    register({"one": {"url": URL, "headers": {"K": "${TOKEN}"}}}, values={"TOKEN": "v1"})
    assert outcomes(register({"two": {"url": URL, "headers": {"K": "Bearer {env:TOKEN}"}}})) == [
        ("two", "created")
    ]
    assert vault.reveal(service_register.get("two")).headers == {"K": "Bearer v1"}
    register({"two": {"url": URL, "headers": {"K": "Bearer {env:TOKEN}"}}}, values={"TOKEN": "v2"})
    one = service_register.get("one")
    assert (vault.reveal(one).headers, one.revision, service_register.is_approved(one)) == (
        {"K": "v2"},
        2,
        True,
    )


def test_a_default_needs_no_answer_but_takes_one(register: Register) -> None:
    document = {"a": {"command": "x", "env": {"REGION": "${REGION:-eu}"}}}
    assert outcomes(register(document)) == [("a", "created")]
    assert vault.reveal(service_register.get("a")).env == {"REGION": "eu"}
    assert outcomes(register(document, values={"REGION": "us"})) == [("a", "updated")]
    assert vault.reveal(service_register.get("a")).env == {"REGION": "us"}


def test_the_same_again_changes_nothing_and_a_change_grows_the_revision(register: Register) -> None:
    register({"weather": WEATHER})
    before = Service.objects.values().get()
    assert outcomes(register({"weather": WEATHER})) == [("weather", "unchanged")]
    assert Service.objects.values().get() == before
    assert RegistryHead.objects.get().revision == 1
    register({"weather": {**WEATHER, "tags": ["t"]}})
    assert service_register.get("weather").revision == 1, "a tag is nothing to reconnect for"
    register({"weather": {**WEATHER, "env": {"API_KEY": "other"}}})
    assert service_register.get("weather").revision == 2
    assert service_register.is_approved(service_register.get("weather"))


def test_what_is_desired_is_kept_unless_the_entry_says_otherwise(register: Register) -> None:
    register({"a": {"url": URL, "disabled": True}})
    service = service_register.get("a")
    assert service.desired == Desired.STOPPED
    service_register.set_desired(service.pk, Desired.RUNNING, by="ann", now=NOW)
    register({"a": {"url": URL + "2"}})
    assert service_register.get("a").desired == Desired.RUNNING
    assert outcomes(register({"a": {"url": URL + "2", "enabled": False}})) == [("a", "updated")]
    assert service_register.get("a").desired == Desired.STOPPED


def test_a_list_of_names_starts_the_known_ones(register: Register) -> None:
    register({"a": {"url": URL, "disabled": True}, "b": {"url": URL}})
    assert outcomes(register(["a", "b", "c"])) == [("a", "updated"), ("b", "unchanged"), ("c", "invalid")]
    assert service_register.get("a").desired == Desired.RUNNING


def test_a_removed_service_is_gone_and_its_name_free(register: Register) -> None:
    register({"weather": WEATHER})
    old = service_register.get("weather")
    service_register.remove("weather", by="ann", now=NOW)
    for act in (
        lambda: service_register.get("weather"),
        lambda: service_register.remove("weather", by="ann", now=NOW),
    ):
        with pytest.raises(ServiceNotFoundError):
            act()
    assert outcomes(register({"weather": {**WEATHER, "env": {"API_KEY": "new"}}})) == [("weather", "created")]
    new = service_register.get("weather")
    assert new.pk != old.pk
    assert vault.reveal(new).env == {"API_KEY": "new"}


def test_a_value_that_is_gone_is_named(register: Register) -> None:
    register({"weather": WEATHER})
    Secret.objects.all().delete()
    with pytest.raises(InvalidConfigError, match=r"needs a value for weather\.env\.API_KEY"):
        vault.reveal(service_register.get("weather"))


def test_adding_one_service_costs_the_same_among_a_thousand(register: Register) -> None:
    def queries(name: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            register({name: {"url": URL, "headers": {"K": "v"}}})
        return len(seen)

    queries("first")  # which makes the key, and notes how it is known
    few = queries("one")
    register({"mcpServers": {f"s{n}": {"url": URL, "headers": {"K": "v"}} for n in range(1000)}})
    touched = Service.objects.exclude(name="last").order_by("pk").values_list("pk", "updated_at", "position")
    before = list(touched)
    assert queries("last") <= few <= 16
    assert list(touched) == before


def test_a_large_document_is_saved_in_parts_that_let_others_write(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_register, "PART", 2)
    entries: dict[str, Any] = {f"s{n}": {"url": URL} for n in range(4)} | {"bad": {}}
    seen: list[tuple[int, int, int]] = []

    def progress(done: int, count: int) -> None:
        seen.append((done, count, Service.objects.count()))

    results = register({"mcpServers": entries}, progress=progress)
    assert outcomes(results) == [*[(f"s{n}", "created") for n in range(4)], ("bad", "invalid")]
    assert seen == [(2, 5, 2), (4, 5, 4), (5, 5, 4)]


def test_positions_follow_the_document_and_the_time(register: Register) -> None:
    register({"b": {"url": URL}, "a": {"url": URL}})
    service_register.register({"c": {"url": URL}}, by="bob", role=Role.ADMIN, now=NOW + timedelta(hours=1))
    assert list(Service.objects.order_by("position").values_list("name", flat=True)) == ["b", "a", "c"]

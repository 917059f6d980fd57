"""What an operator may change while an admin's values stay where they are."""

from __future__ import annotations

from typing import Any

import pytest

from registry.access import audit
from registry.core.entries.filling import MASK
from registry.imports import preview as import_preview
from registry.models import AuditEntry, Role, Service
from registry.secrets import vault
from registry.services import register as service_register
from tests.support.registering import NOW, Register, outcomes

pytestmark = pytest.mark.django_db

HEADERS = {"Authorization": "Bearer canary-1"}
ADDRESSES: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("https://${HOST}/mcp", {"HOST": "mcp.example.org"}, {"HOST": "elsewhere.example"}),
    ("https://mcp.${DOMAIN:-example.org}/mcp", {}, {"DOMAIN": "elsewhere.example"}),
    ("${SCHEME}://mcp.example.org/mcp", {"SCHEME": "https"}, {"SCHEME": "http"}),
    ("https://mcp.example.org:${PORT}/mcp", {"PORT": "8443"}, {"PORT": "8444"}),
    ("${ADDRESS}", {"ADDRESS": "https://mcp.example.org/mcp"}, {"ADDRESS": "https://elsewhere.example/"}),
    ("https://${NAME}@mcp.example.org/", {"NAME": "ann"}, {"NAME": "elsewhere.example/?"}),
]


def given(register: Register, url: str, values: dict[str, str]) -> Service:
    assert outcomes(register({"w": {"url": url, "headers": HEADERS}}, values=values)) == [("w", "created")]
    return service_register.get("w")


def sent_back(service: Service, **more: Any) -> dict[str, Any]:
    return {service.name: {**vault.masked_entry(service), **more}}


def names_in(url: str, service: Service) -> dict[str, Any]:
    """The placeholder as an operator finds it in the stored entry."""
    return {"url": url, "headers": {"Authorization": service.entry["headers"]["Authorization"]}}


@pytest.mark.parametrize(("url", "values", "anew"), ADDRESSES)
def test_a_placeholder_answered_anew_in_the_address_leaves_the_credential_behind(
    register: Register, url: str, values: dict[str, str], anew: dict[str, str]
) -> None:
    service = given(register, url, values)
    entries: list[dict[str, Any]] = [names_in(url, service), vault.masked_entry(service)]
    for entry in entries:
        (result,) = register({"w": entry}, role=Role.OPERATOR, values=anew)
        assert result.error is not None
        assert result.error.asks == ("w.headers.Authorization",)
    assert vault.reveal(service_register.get("w")) == vault.reveal(service)


@pytest.mark.parametrize(("url", "values", "anew"), ADDRESSES[:1])
def test_even_the_same_answer_leaves_it_behind_so_that_no_host_can_be_guessed(
    register: Register, url: str, values: dict[str, str], anew: dict[str, str]
) -> None:
    service = given(register, url, values)
    (result,) = register({"w": service.entry}, role=Role.OPERATOR, values=values)
    assert result.error is not None and result.error.asks == ("w.headers.Authorization",)
    (kept,) = register(sent_back(service, description="new"), role=Role.OPERATOR)
    assert kept.outcome == "updated"
    assert vault.reveal(service_register.get("w")).headers == HEADERS


def test_an_answer_behind_the_host_keeps_the_credential(register: Register) -> None:
    service = given(register, "https://mcp.example.org/${PLACE}", {"PLACE": "one"})
    (result,) = register(
        {"w": names_in("https://mcp.example.org/${PLACE}", service)},
        role=Role.OPERATOR,
        values={"PLACE": "two"},
    )
    assert result.outcome == "updated"
    after = vault.reveal(service_register.get("w"))
    assert (after.url, after.headers) == ("https://mcp.example.org/two", HEADERS)


def test_a_value_that_no_server_was_given_goes_to_none_by_a_reference(register: Register) -> None:
    register({"w": {"url": "https://mcp.example.org/mcp", "notes": {"password": "canary-2"}}})
    stolen = {"url": "https://mcp.example.org/mcp", "headers": {"X": "${secret:w.notes.password}"}}
    (result,) = register({"w": stolen}, role=Role.OPERATOR)
    assert result.error is not None and result.error.asks == ("w.notes.password",)


def test_page_audit_and_preview_name_the_host_that_a_placeholder_hides(register: Register) -> None:
    url = "https://${USER_NAME}@${HOST}/mcp?key=canary-3"
    service = given(register, url, {"HOST": "mcp.example.org", "USER_NAME": "canary-4"})
    assert service.endpoint == f"https://{MASK}@mcp.example.org/mcp?key={MASK}"
    assert AuditEntry.objects.get().detail == "to https://mcp.example.org"
    moved = {"w": {"url": url, "headers": HEADERS}}
    (row,) = import_preview.preview(moved, values={"HOST": "elsewhere.example"}).rows
    assert "from https://mcp.example.org to https://elsewhere.example" in str(row.notes)
    register(moved, values={"HOST": "elsewhere.example"})
    assert AuditEntry.objects.first().detail == "from https://mcp.example.org to https://elsewhere.example"  # type: ignore[union-attr]
    assert service_register.get("w").endpoint == f"https://{MASK}@elsewhere.example/mcp?key={MASK}"


def test_where_the_whole_address_is_an_answer_only_its_origin_is_shown(register: Register) -> None:
    service = given(register, "${ADDRESS}", {"ADDRESS": "https://mcp.example.org/canary-5"})
    assert service.endpoint == f"https://mcp.example.org/{MASK}"


STDIO = {"command": "npx", "args": ["server", "--token", "canary-6"], "env": {"A": "canary-7"}}


def test_an_operator_changes_what_is_said_of_a_command_and_not_the_command(register: Register) -> None:
    register({"files": STDIO})
    before = service_register.get("files")
    told = {"description": "Files of the team", "tags": ["prod"], "priority": "high", "profile": "critical"}
    assert outcomes(register(sent_back(before, **told), role=Role.OPERATOR)) == [("files", "updated")]
    after = service_register.get("files")
    assert (after.description, after.tags, after.revision) == ("Files of the team", ["prod"], before.revision)
    assert (vault.reveal(after), service_register.is_approved(after)) == (vault.reveal(before), True)


@pytest.mark.parametrize(
    "change",
    [
        {"command": "node"},
        {"args": ["server", "--token", MASK, "--more"]},
        {"env": {"A": MASK, "B": "1"}},
        {"env": {}},
        {"env": {"A": "typed"}},
        {"cwd": "/srv"},
    ],
    ids=str,
)
def test_an_operator_changes_nothing_of_what_a_command_starts(
    register: Register, change: dict[str, Any]
) -> None:
    register({"files": STDIO})
    before = service_register.get("files")
    (result,) = register(sent_back(before, description="x", **change), role=Role.OPERATOR)
    assert result.error is not None and result.error.role == Role.ADMIN
    assert service_register.get("files").entry == before.entry


def test_an_operator_answers_no_placeholder_of_a_command(register: Register) -> None:
    register({"files": {"command": "npx", "args": ["${DIR:-/srv}"], "env": {"A": "${A}"}}}, values={"A": "v"})
    entry = service_register.get("files").entry
    for values in ({"DIR": "/elsewhere"}, {"A": "w"}):
        (result,) = register({"files": entry}, role=Role.OPERATOR, values=values)
        assert result.error is not None and result.error.role == Role.ADMIN


def test_an_operator_approves_no_command_that_was_changed_behind_our_back(register: Register) -> None:
    register({"files": STDIO})
    service = service_register.get("files")
    Service.objects.update(entry={**service.entry, "command": "node"})
    (result,) = register(sent_back(service_register.get("files"), description="x"), role=Role.OPERATOR)
    assert result.error is not None and result.error.role == Role.ADMIN
    assert not service_register.is_approved(service_register.get("files"))


def test_the_audit_of_many_keeps_their_details() -> None:
    audit.together("ann", "a", [audit.Member(name="one"), audit.Member(name="two", detail="why")], now=NOW)
    row = AuditEntry.objects.get()
    assert (row.target, row.members) == ("2 services", 2)
    assert list(row.named.values_list("name", "detail")) == [("one", ""), ("two", "why")]

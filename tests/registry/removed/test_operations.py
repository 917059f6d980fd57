"""A removal can be undone for 7 days; what was archived, always."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lifecycle.models import CheckResult, ServiceState, StateChange
from registry.agents import operations as agent_operations
from registry.dependencies import links
from registry.errors import NotAllowedError
from registry.mcpjson import image, rollback
from registry.models import AuditEntry, KeptSecret, Role, Secret, Service
from registry.removed import operations as removed_operations
from registry.removed.operations import MissingNeedsError, NameTakenError, RemovedNotFoundError
from registry.secrets import vault
from registry.services import register as service_register
from tests.support.registering import NOW, Register, outcomes

pytestmark = pytest.mark.django_db(transaction=True)
URL = "https://weather.example.org/mcp"
WEEK = timedelta(days=7)


def entry(token: str = "token-of-old") -> dict[str, Any]:
    return {"url": URL, "headers": {"Authorization": token}}


def remove(name: str = "weather", by: str = "ann", days: float = 0) -> int:
    return service_register.remove(name, by=by, now=NOW + timedelta(days=days))


def restore(
    name: str = "weather", by: str = "ann", role: Role = Role.ADMIN, days: float = 0, **more: Any
) -> Service:
    return removed_operations.restore(name, by=by, role=role, now=NOW + timedelta(days=days), **more)


def header(name: str = "weather") -> str:
    return vault.reveal(service_register.get(name)).headers["Authorization"]


def test_a_restored_service_has_its_configuration_secrets_history_and_agents(register: Register) -> None:
    register({"mcpServers": {"weather": entry(), "maps": {"url": URL}}})
    before, number = image.document(), service_register.get("weather").pk
    StateChange.objects.create(service_id=number, after="HEALTHY", event="connected", at=NOW)
    agent_operations.add("reader", ["weather"], by="ann", now=NOW)
    assert remove() == number
    assert "weather" not in image.document()["mcpServers"]
    assert agent_operations.document(agent_operations.get("reader")) == {"mcpServers": {}}
    assert restore(days=6.9).pk == number
    assert image.document() == before
    assert header() == "token-of-old"
    assert StateChange.objects.filter(service_id=number).count() == 1
    assert list(agent_operations.document(agent_operations.get("reader"))["mcpServers"]) == ["weather"]
    assert AuditEntry.objects.order_by("-pk")[0].action == "service restored"


def test_after_seven_days_it_is_not_brought_back(register: Register) -> None:
    register({"mcpServers": {"weather": entry()}})
    remove()
    assert [
        service.removed_by for service in removed_operations.removed(NOW + WEEK - timedelta(seconds=1))
    ] == ["ann"]
    assert not removed_operations.removed(NOW + WEEK)
    with pytest.raises(RemovedNotFoundError):
        restore(days=7)


def test_a_new_service_may_take_the_name_and_leaves_the_old_one_its_secrets(register: Register) -> None:
    register({"mcpServers": {"weather": entry()}})
    first = remove()
    register({"mcpServers": {"weather": entry("token-of-new")}})
    with pytest.raises(NameTakenError, match="Remove that service first"):
        restore(number=first)
    second = remove(days=1)
    assert restore(days=2, number=first).pk == first
    assert header() == "token-of-old"
    remove(days=3)
    assert restore(days=3, number=second).pk == second
    assert header() == "token-of-new"
    remove(days=4)
    assert restore(days=4, number=first).pk == first
    assert header() == "token-of-old"
    assert Secret.objects.count() == KeptSecret.objects.count() == 1


def test_a_shared_value_that_changed_meanwhile_is_taken_over(register: Register) -> None:
    asking = {"url": URL, "headers": {"Authorization": "${TOKEN}"}}
    register({"mcpServers": {"weather": asking, "maps": asking}}, values={"TOKEN": "token-of-old"})
    remove()
    register({"mcpServers": {"maps": asking}}, values={"TOKEN": "token-of-new"})
    restore()
    assert header() == "token-of-new"
    assert service_register.is_approved(service_register.get("weather"))


def test_a_new_service_that_only_refers_to_the_secret_does_not_take_it_away(register: Register) -> None:
    register({"mcpServers": {"weather": entry()}})
    exported = image.document()
    first = remove()
    assert outcomes(register(exported)) == [("weather", "created")]
    assert header() == "token-of-old"
    remove(days=1)
    restore(days=1, number=first)
    assert header() == "token-of-old"


def test_an_operator_restores_only_what_they_removed(register: Register) -> None:
    register({"mcpServers": {"weather": entry()}})
    remove(by="ann")
    with pytest.raises(NotAllowedError, match="Only an admin"):
        restore(by="bob", role=Role.OPERATOR)
    with pytest.raises(NotAllowedError):
        restore(by="ann", role=Role.VIEWER)
    restore(by="ann", role=Role.OPERATOR)
    with pytest.raises(RemovedNotFoundError):
        restore()


def test_what_it_depends_on_must_be_there_again(register: Register) -> None:
    register({"mcpServers": {"maps": {"url": URL}, "weather": {**entry(), "dependsOn": ["maps"]}}})
    remove("weather")
    remove("maps")
    with pytest.raises(MissingNeedsError, match="weather depends on maps, which is not registered"):
        restore()
    register({"mcpServers": {"maps": {"url": "https://other.example.org/mcp"}}})
    restore()
    assert links.edges() == {"weather": ["maps"]}


def test_an_archived_service_is_hidden_and_comes_back_with_another_try(register: Register) -> None:
    register({"mcpServers": {"weather": entry(), "maps": {"url": URL}}})
    register({"mcpServers": {"trip": {"url": URL, "dependsOn": ["maps"]}}})
    found = {service.name: service.pk for service in Service.objects.all()}
    assert removed_operations.archive(found.values(), by="worker", now=NOW) == ["trip", "weather"], (
        "maps is needed"
    )
    assert list(image.document()["mcpServers"]) == ["maps"]
    assert [service.name for service in removed_operations.archived()] == ["trip", "weather"]
    with pytest.raises(NotAllowedError):
        restore(by="ann", role=Role.OPERATOR)
    assert restore(days=1000).revision + 1 == service_register.get("weather").revision
    assert outcomes(register({"mcpServers": {"trip": {"url": URL, "dependsOn": ["maps"]}}})) == [
        ("trip", "updated")
    ]
    assert Service.objects.listed().count() == 3


def test_forgetting_takes_small_steps_history_first(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    register({"mcpServers": {"weather": entry(), "maps": entry("token-of-maps")}})
    number = service_register.get("weather").pk
    ServiceState.objects.create(service_id=number, state="DISCONNECTED", state_entered_at=NOW)
    for n in range(5):
        StateChange.objects.create(service_id=number, after="HEALTHY", event="connected", at=NOW)
        CheckResult.objects.create(service_id=number, at=n, level=0)
    remove()
    assert removed_operations.forget(NOW + WEEK - timedelta(seconds=1)) == 0
    monkeypatch.setattr(removed_operations, "ROWS_AT_ONCE", 2)
    steps = []
    while gone := removed_operations.forget(NOW + WEEK):
        steps.append(gone)
    assert max(steps) == 2 and sum(steps) == 5 + 5 + 1 + 1 + 1
    assert [service.name for service in Service.objects.all()] == ["maps"]
    assert [secret.name for secret in Secret.objects.all()] == ["maps.headers.Authorization"]


def test_a_rollback_brings_removed_services_back_with_their_history(register: Register) -> None:
    register({"mcpServers": {"weather": entry()}})
    image.export_pending(author="ann", now=NOW)
    number = remove()
    register({"mcpServers": {"later": {"url": URL}}})
    image.export_pending(author="ann", now=NOW)
    results = rollback.rollback(1, by="bob", now=NOW + timedelta(days=1))
    assert sorted(outcomes(results)) == [("later", "removed"), ("weather", "created")]
    assert service_register.get("weather").pk == number
    assert header() == "token-of-old"
    assert not Service.objects.listed().filter(name="later").exists()

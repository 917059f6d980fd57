"""Values that nothing uses go a week after that was seen, and none before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from registry.models import AuditEntry, Role, Secret, Service
from registry.removed import operations as removed_operations
from registry.secrets import purge, vault
from registry.secrets.purge import Purging
from registry.services import register as service_register
from tests.support.registering import NOW, Register

pytestmark = pytest.mark.django_db
URL = "https://example.org/mcp"


def sweep(days: float) -> set[str]:
    """A whole round at that time; the names that are left."""
    rounds = Purging()
    for _ in range(1 + Secret.objects.count() // purge.ROWS_AT_ONCE):
        rounds.step(NOW + timedelta(days=days))
    return set(Secret.objects.values_list("name", flat=True))


def entry(**headers: Any) -> dict[str, Any]:
    return {"url": URL, "headers": headers, "x-more": {"token": "canary-more"}}


def test_a_value_taken_out_of_its_entry_goes_a_week_later(register: Register) -> None:
    register({"a": entry(K="v", L="w")})
    everything = sweep(0)
    register({"a": entry(K="v")})
    assert sweep(8) == everything
    assert sweep(14.9) == everything
    assert sweep(15.1) == everything - {"a.headers.L"}
    assert vault.reveal(service_register.get("a")).headers == {"K": "v"}
    said = AuditEntry.objects.get(action="unused secret deleted")
    assert (said.actor, said.target) == ("worker", "a.headers.L")


def test_a_value_that_is_used_again_in_the_week_stays(register: Register) -> None:
    register({"a": entry(K="v")})
    register({"a": {"url": URL}})
    sweep(0)
    register({"a": {"url": URL, "headers": {"K": "${secret:a.headers.K}"}}})
    assert "a.headers.K" in sweep(8)
    register({"a": {"url": URL}})
    assert "a.headers.K" in sweep(9)
    assert "a.headers.K" in sweep(15.9)
    assert "a.headers.K" not in sweep(16.1)


def test_a_shared_value_stays_while_one_service_uses_it(register: Register) -> None:
    register({"a": entry(K="${S}"), "b": entry(K="${S}")}, values={"S": "v"})
    register({"a": {"url": URL}})
    assert "S" in sweep(0)
    assert "S" in sweep(20)
    register({"b": {"url": URL}})
    sweep(21)
    assert "S" not in sweep(29)


@pytest.mark.parametrize("how", ["archived", "removed"])
def test_what_can_still_be_restored_keeps_its_values(register: Register, how: str) -> None:
    register({"a": entry(K="v", L="${S}")}, values={"S": "w"})
    service = service_register.get("a")
    kept = sweep(0)
    if how == "removed":
        service_register.remove("a", by="ann", now=NOW + timedelta(days=30))
    else:
        removed_operations.archive([service.pk], by="worker", now=NOW)
    assert sweep(31) == kept
    assert sweep(36) == kept
    removed_operations.restore("a", by="ann", role=Role.ADMIN, now=NOW + timedelta(days=36))
    assert vault.reveal(service_register.get("a")).headers == {"K": "v", "L": "w"}


def test_after_a_removal_can_no_longer_be_undone_nothing_is_left_of_its_values(register: Register) -> None:
    register({"a": entry(K="v", L="${S}")}, values={"S": "w"})
    service_register.remove("a", by="ann", now=NOW)
    while removed_operations.forget(NOW + timedelta(days=7.1)):
        pass
    assert not Service.objects.exists()
    assert sweep(7.2) == {"S"}
    assert sweep(14.3) == set()


def test_more_than_one_step_holds_are_gone_round(register: Register) -> None:
    register({"a": entry(**{f"K{n}": "v" for n in range(purge.ROWS_AT_ONCE + 5)})})
    register({"a": {"url": URL}})
    rounds = Purging()
    sizes = [rounds.step(NOW + timedelta(days=days)) for days in (0, 0, 8, 8, 8)]
    assert sizes == [0, 0, purge.ROWS_AT_ONCE, 6, 0]

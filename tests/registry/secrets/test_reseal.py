"""What an older version stored in the clear is sealed at the next start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.core.entries import filling
from registry.core.entries.filling import MASK
from registry.core.secrecy import redact
from registry.core.secrecy.primitives import Cut
from registry.mcpjson import image
from registry.models import AuditEntry, ConfigVersion, KeptSecret, RegistryHead, Role, Secret, Service
from registry.secrets import reseal, vault
from registry.services import register as service_register
from registry.services import store_rows
from tests.support.registering import NOW, Register, outcomes

pytestmark = pytest.mark.django_db

OPEN: dict[str, Any] = {
    "command": "npx",
    "args": ["-c", "run --header 'Authorization: Bearer canary-1x'"],
    "env": {"A": "canary-2"},
    "db": "mysql://ann:canary-3@h/d",
    "hook": "https://hooks.example.org/in?token=canary-4",
    "notes": ["Bearer canary-5x"],
    "description": "password=canary-6x, ask ann",
    "login": {"deep": {"password": "canary-7"}},
}


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch, register: Register) -> Service:
    """A service that was saved before unknown keys were looked at, and its mcp.json."""

    def only_env(name: str, raw: dict[str, Any], **more: Any) -> Cut:
        made = Cut(entry={**raw, "env": {"A": "${secret:w.env.A}"}})
        made.literals["w.env.A"] = "canary-2"
        return made

    with monkeypatch.context() as patch:
        patch.setattr(redact, "cut", only_env)
        assert outcomes(register({"w": OPEN})) == [("w", "created")]
    image.export_pending(author="ann", now=NOW)
    return service_register.get("w")


def everywhere() -> str:
    """Whatever of the registry could be shown to anybody."""
    rows = [*Service.objects.values_list("entry", "description", "tags", "endpoint")]
    kept = [*ConfigVersion.objects.values_list("document", flat=True)]
    return json.dumps([rows, kept, image.document_text(), list(AuditEntry.objects.values_list("detail"))])


def test_what_stood_in_the_clear_is_sealed_at_the_next_start(older: Service, data_dir: Path) -> None:
    assert "canary-3" in everywhere()
    before = vault.reveal(older)
    assert reseal.reseal(NOW) == 1
    assert "canary" not in everywhere()
    after = service_register.get("w")
    assert (vault.reveal(after), after.revision) == (before, older.revision)
    assert service_register.is_approved(after)
    values = {row.name: vault.unseal(row.ciphertext) for row in Secret.objects.all()}
    assert filling.fill_everywhere(after.entry, values) == OPEN
    assert image.export_pending(author="", now=NOW)
    assert "canary" not in (data_dir / "mcp.json").read_text()
    assert image.edited() is None


def test_it_is_done_once_and_again_after_a_kill(older: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(reseal, "_versions", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reseal.reseal(NOW)
    assert RegistryHead.objects.get().cut_rules == 0
    reseal.reseal(NOW)
    assert "canary" not in everywhere()
    assert (reseal.reseal(NOW), RegistryHead.objects.get().cut_rules) == (0, reseal.RULES)


def test_a_removed_service_keeps_its_own_values(older: Service, register: Register) -> None:
    Service.objects.filter(pk=older.pk).update(removed_at=NOW)
    register({"w": {"url": "https://example.org/mcp", "db": "mysql://ann:other@h/d"}})
    reseal.reseal(NOW)
    assert vault.unseal(Secret.objects.get(name="w.db.password").ciphertext) == "other"
    kept = KeptSecret.objects.get(service=older, name="w.db.password")
    assert vault.unseal(kept.ciphertext) == "canary-3"


def test_nobody_sees_a_credential_under_an_unknown_key_and_an_export_carries_it(register: Register) -> None:
    register({"w": OPEN}, role=Role.ADMIN)
    service = service_register.get("w")
    shown = json.dumps([vault.masked_entry(service), service.description, service.endpoint])
    assert "canary" not in shown + everywhere()
    assert service.description == f"password={MASK}, ask ann"
    assert outcomes(register({"w": vault.masked_entry(service)})) == [("w", "unchanged")]
    assert outcomes(register(image.document())) == [("w", "unchanged")]
    store_rows.lock_head()
    values = vault.values_of(filling.all_references(service.entry), {service.pk})
    assert filling.fill_everywhere(service.entry, values) == OPEN

"""Secret values that leave beside their document, and come back, by a passphrase alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.agents import operations as agent_operations
from registry.core.documents import reading
from registry.errors import InvalidConfigError
from registry.mcpjson import image, secret_bundle
from registry.models import AuditEntry, Secret, Service
from registry.secrets import vault
from tests.support.registering import NOW, Register

pytestmark = pytest.mark.django_db
PHRASE = "correct horse é"
URL = "https://example.org/mcp"
EVERYWHERE: dict[str, Any] = {
    "remote": {
        "url": "https://canary-user:canary-pass@example.org/mcp?api_key=canary-query",
        "headers": {"X-Plain": "canary-header", "Authorization": "Bearer canary-bearer"},
        "oauth": {"clientSecret": "canary-unknown-key"},
    },
    "token": {"url": URL, "auth": "canary-auth"},
    "child": {
        "command": "run",
        "args": ["--api-key", "canary-arg", "--plain"],
        "env": {"A": "canary-env", "B": "${SHARED}"},
    },
}


def revealed() -> dict[str, Any]:
    return {service.name: vault.reveal(service) for service in Service.objects.listed()}


def test_every_value_comes_back_where_it_was(register: Register) -> None:
    register(EVERYWHERE, values={"SHARED": "canary-shared"})
    before, ours = revealed(), image.document()
    content = secret_bundle.export(PHRASE, by="ann", now=NOW)
    assert "canary" not in json.dumps(content)
    Service.objects.all().delete()
    Secret.objects.all().delete()
    values = secret_bundle.values(json.dumps(content), PHRASE)
    results = register(json.dumps(content), values=values)
    assert [result.outcome for result in results] == ["created"] * 3
    assert revealed() == before
    assert image.document() == ours
    said = AuditEntry.objects.get(action="secrets exported")
    assert (said.actor, said.target, said.detail) == (
        "ann",
        agent_operations.GLOBAL_AGENT,
        f"{len(values)} values",
    )


def test_what_we_exported_can_be_imported_though_its_values_are_many(register: Register) -> None:
    entries = {f"s{n:04}": {"url": URL, "headers": {"K": f"canary-{n}" * 60}} for n in range(2500)}
    register(entries, limit=image.LARGEST)
    text = image.portable(secret_bundle.export(PHRASE, by="ann", now=NOW))
    assert len(text) > 2 * reading.MAX_BYTES
    Service.objects.all().delete()
    Secret.objects.all().delete()
    assert {result.outcome for result in register(text, values=secret_bundle.values(text, PHRASE))} == {
        "created"
    }
    assert vault.reveal(Service.objects.get(name="s2499")).headers == {"K": "canary-2499" * 60}


def test_a_document_leaves_its_layout_behind_where_that_makes_it_too_large() -> None:
    content = {"mcpServers": {f"s{n:05}": {"url": URL, "args": [1, 2]} for n in range(10_000)}}
    assert not reading.fits(image.text_of(content))
    assert reading.read(image.portable(content)) == content
    assert image.portable({"mcpServers": {}}) == image.text_of({"mcpServers": {}})


def test_an_agent_takes_no_values_of_other_services(register: Register) -> None:
    register(
        {"a": {"url": URL, "headers": {"K": "canary-a"}}, "b": {"url": URL, "headers": {"K": "canary-b"}}}
    )
    agent_operations.add("desk", ["b"], by="ann", now=NOW)
    content = secret_bundle.export(PHRASE, agent="desk", by="ann", now=NOW)
    assert secret_bundle.values(content, PHRASE) == {"b.headers.K": "canary-b"}
    assert AuditEntry.objects.get(action="secrets exported").target == "desk"


def test_an_accent_may_be_typed_as_one_character_or_two(register: Register) -> None:
    register({"a": {"url": URL, "auth": "canary"}})
    content = secret_bundle.export("caf\u00e9 au lait", by="ann", now=NOW)
    assert secret_bundle.values(content, "cafe\u0301 au lait") == {"a.auth": "canary"}


@pytest.mark.parametrize("phrase", ["another one altogether", "", "\ud800" * 12])
def test_a_wrong_passphrase_opens_nothing(register: Register, phrase: str) -> None:
    register({"a": {"url": URL, "auth": "canary"}})
    content = secret_bundle.export(PHRASE, by="ann", now=NOW)
    with pytest.raises(InvalidConfigError, match=r"secrets: (does not open|needs its passphrase)"):
        secret_bundle.values(content, phrase)


@pytest.mark.parametrize("broken", [{"salt": "%"}, {"sealed": ""}, {"sealed": "gAAAA"}, {"salt": 3}])
def test_a_damaged_block_is_a_clear_error(register: Register, broken: dict[str, Any]) -> None:
    register({"a": {"url": URL, "auth": "canary"}})
    content = secret_bundle.export(PHRASE, by="ann", now=NOW)
    content["secrets"] |= broken
    with pytest.raises(InvalidConfigError, match="does not open"):
        secret_bundle.values(content, PHRASE)


def test_a_short_passphrase_exports_nothing(register: Register) -> None:
    register({"a": {"url": URL, "auth": "canary"}})
    with pytest.raises(InvalidConfigError, match="shorter than 12"):
        secret_bundle.export("eleven char", by="ann", now=NOW)
    assert not AuditEntry.objects.filter(action="secrets exported").exists()


def test_a_passphrase_to_what_is_not_locked_is_told_of() -> None:
    for document in ({"a": {"url": URL}}, {"secrets": {"command": "x"}}, [1], "{}"):
        assert not secret_bundle.is_locked(document)
        with pytest.raises(InvalidConfigError, match="contains no encrypted values"):
            secret_bundle.values(document, PHRASE)

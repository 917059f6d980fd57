"""What may be registered, by whom and with which values; what was not approved is not started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from registry.core.entries.filling import MASK
from registry.errors import NotAllowedError
from registry.models import Role, Secret, Service
from registry.secrets import vault
from registry.services import register as service_register
from tests.support.registering import URL, WEATHER, Register, outcomes

pytestmark = pytest.mark.django_db


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
    assert vault.reveal(service_register.get("a")).headers == {"K": "canary-1"}


def test_an_operators_answer_never_changes_what_others_share(register: Register) -> None:
    register({"s": {"url": URL, "auth": "${SHARED}"}}, values={"SHARED": "v1"})
    for name in ("s", "mine"):
        register({name: {"url": URL, "auth": "${SHARED}"}}, role=Role.OPERATOR, values={"SHARED": "v2"})
        assert vault.reveal(service_register.get(name)).auth == "v2"
    assert vault.unseal(Secret.objects.get(name="SHARED").ciphertext) == "v1"


def test_one_service_never_takes_the_secret_of_another_by_its_name(register: Register) -> None:
    register({"w.env": {"url": URL, "headers": {"K": "canary-1"}}})
    document = {"w": {"url": URL, "headers": {"K": "${secret:w.env.headers.K}"}}}
    assert register(document)[0].outcome == "invalid"
    register(document, values={"w.env.headers.K": "v2"})
    register({"w": {"command": "x", "env": {"headers.K": "v3"}}})
    assert vault.reveal(service_register.get("w.env")).headers == {"K": "canary-1"}
    assert vault.reveal(service_register.get("w")).env == {"headers.K": "v3"}


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
    assert not service_register.is_approved(service_register.get("weather"))


@pytest.mark.parametrize(
    "edit", [{"command": "evil"}, {"args": ["evil"]}, {"env": {"LD_PRELOAD": "evil.so"}}]
)
def test_an_edit_behind_our_back_is_not_approved(register: Register, edit: dict[str, Any]) -> None:
    register({"weather": WEATHER})
    service = service_register.get("weather")
    Service.objects.filter(pk=service.pk).update(entry={**service.entry, **edit})
    assert not service_register.is_approved(service_register.get("weather"))


def test_a_changed_shared_value_approves_nothing_that_was_not_approved(register: Register) -> None:
    entry = {"command": "x", "env": {"T": "${SHARED}"}}
    register({"good": entry, "edited": entry}, values={"SHARED": "v1"})
    edited = service_register.get("edited")
    Service.objects.filter(pk=edited.pk).update(entry={**edited.entry, "command": "evil"})
    register({"other": {"url": URL, "auth": "${SHARED}"}}, values={"SHARED": "v2"})
    assert service_register.is_approved(service_register.get("good"))
    assert vault.reveal(service_register.get("good")).env == {"T": "v2"}
    assert not service_register.is_approved(service_register.get("edited"))


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
    assert not service_register.is_approved(service_register.get("before"))
    harmless = {"API_KEY": "k", "NODE_ENV": "production", "PYTHONUNBUFFERED": "1"}
    assert register({"a": {**entry, "env": harmless}})[0].outcome == "created"
    assert service_register.is_approved(service_register.get("a"))


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
    assert service_register.is_approved(service_register.get("10.1.2.3"))

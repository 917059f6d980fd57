"""The key file belongs to the database: a missing or foreign one is refused, and never replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from registry.errors import InvalidConfigError, SecretsError
from registry.models import RegistryHead, Secret, Service
from registry.secrets import rotation, vault
from registry.services import register as service_register
from tests.support.registering import Register

pytestmark = pytest.mark.django_db
WEB = {"web": {"url": "https://example.org/mcp", "headers": {"X": "header-value"}}, "open": {"command": "x"}}


def started_anew() -> tuple[bytes, ...]:
    vault.forget_keys()
    return vault.keys()


def test_a_key_is_made_where_nothing_is_sealed(data_dir: Path) -> None:
    for kept in (None, b"", b"\n"):
        if kept is not None:
            (data_dir / "secrets.key").write_bytes(kept)
            RegistryHead.objects.all().delete()
        assert len(started_anew()) == 1
        assert vault.unseal(RegistryHead.objects.get().key_check) == "mcpstore"


@pytest.mark.parametrize("content", [None, b"", b" \n"], ids=["missing", "empty", "blank"])
def test_a_missing_key_file_is_refused_and_not_replaced(
    register: Register, data_dir: Path, content: bytes | None
) -> None:
    register(WEB)
    file = data_dir / "secrets.key"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    for act in (
        started_anew,
        lambda: vault.seal("x"),
        lambda: service_register.is_approved(service_register.get("open")),
    ):
        with pytest.raises(SecretsError, match=r"is missing.*Put back the secrets\.key.*--give-up"):
            act()
    assert (file.read_bytes() if file.exists() else None) == content


@pytest.mark.parametrize("older", [False, True], ids=["checked", "of an older version"])
def test_another_databases_key_file_is_refused_before_anything_is_sealed_with_it(
    register: Register, data_dir: Path, older: bool
) -> None:
    register(WEB)
    if older:
        RegistryHead.objects.update(key_check="")
    right, foreign = (data_dir / "secrets.key").read_bytes(), Fernet.generate_key()
    (data_dir / "secrets.key").write_bytes(foreign)
    before = list(Secret.objects.values_list("ciphertext", flat=True))
    for act in (
        started_anew,
        lambda: vault.seal("x"),
        lambda: register({"new": {"url": "https://h.example/"}}),
    ):
        with pytest.raises(SecretsError, match="holds another key"):
            act()
    assert list(Secret.objects.values_list("ciphertext", flat=True)) == before
    assert (data_dir / "secrets.key").read_bytes() == foreign
    (data_dir / "secrets.key").write_bytes(right)
    assert started_anew() == (right.strip(),)
    assert RegistryHead.objects.get().key_check


def test_even_without_values_the_approvals_need_their_key(register: Register, data_dir: Path) -> None:
    register({"open": {"command": "x"}})
    RegistryHead.objects.update(key_check="")
    (data_dir / "secrets.key").unlink()
    with pytest.raises(SecretsError, match="is missing"):
        started_anew()


def test_a_key_that_is_lost_for_good_is_given_up_by_command(
    register: Register, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register(WEB)
    (data_dir / "secrets.key").unlink()
    call_command("rotatekeys", "--give-up")
    assert "1 values deleted, 2 services approved" in capsys.readouterr().out
    started_anew()
    assert service_register.is_approved(service_register.get("open"))
    with pytest.raises(InvalidConfigError, match=r"needs a value for web\.headers\.X"):
        service_register.is_approved(service_register.get("web"))
    assert Service.objects.get(name="web").approved_hash == ""
    rotation.rotate(settle=0)
    assert len(started_anew()) == 1

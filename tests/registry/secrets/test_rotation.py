"""A new key for everything that is sealed; a kill at any step loses nothing."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import models

from lifecycle.alerts.channels import config as channel_config
from lifecycle.models import Channel, Command
from lifecycle.operations import commands as operation_commands
from registry.errors import SecretsError
from registry.models import AuditEntry, Secret, Service
from registry.secrets import key_check, rotation, vault
from registry.services import register as service_register
from tests.support.registering import NOW, Register
from tests.support.tools import ROOT

STEPS = ["new key written", "values sealed", "stragglers sealed", "old keys dropped"]
DOCUMENT = {
    "shell": {"command": "x", "args": ["--token", "arg-value"], "env": {"K": "env-value"}},
    "web": {"url": "https://u:pass-value@example.org/mcp", "headers": {"X": "header-value"}},
}
TOKEN = "gAAAA"


def fill(register: Register) -> None:
    register(DOCUMENT)
    config = channel_config.Config(url="https://example.org/hook-value", secret=channel_config.new_secret())
    Channel.objects.create(
        name="c", kind="webhook", sealed=channel_config.seal(config), summary="", created_at=NOW
    )
    operation_commands.request(
        "call-tool", "web", by="ann", now=NOW, arguments={"tool": "t", "arguments": {"a": 1}}
    )
    Command.objects.update(outcome=operation_commands.sealed_outcome({"ok": True}))
    session = SessionStore()
    session["channel-secret"] = {"channel": 1, "sealed": vault.seal("once-value")}
    session.create()


def opened() -> dict[str, object]:
    """All that is sealed, as a process opens it that has just been started."""
    vault.forget_keys()
    (command,) = Command.objects.all()
    (session,) = apps.get_model("sessions", "Session").objects.all()
    return {
        "secrets": {row.name: vault.unseal(row.ciphertext) for row in Secret.objects.all()},
        "channel": channel_config.unseal(Channel.objects.get().sealed),
        "command": (operation_commands.arguments_of(command), operation_commands.outcome_of(command)),
        "session": vault.unseal(session.get_decoded()["channel-secret"]["sealed"]),
        "approved": [service_register.is_approved(service) for service in Service.objects.order_by("name")],
    }


def tokens() -> list[str]:
    """Every text in the database that was sealed, wherever it stands."""
    found = []
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.TextField):
                texts = model._base_manager.values_list(field.name, flat=True)
                found += [text for text in texts if str(text).startswith(TOKEN)]
    return found


@pytest.mark.django_db
def test_everything_is_under_the_new_key_alone(register: Register, data_dir: Path) -> None:
    fill(register)
    before, old = opened(), (data_dir / "secrets.key").read_bytes()
    call_command("rotatekeys", settle=0)
    new = (data_dir / "secrets.key").read_bytes()
    assert old.strip() not in new
    assert len(new.split()) == 1
    assert stat.S_IMODE((data_dir / "secrets.key").stat().st_mode) == 0o600
    assert opened() == before
    assert before["approved"] == [True, True]
    assert len(tokens()) >= 7
    for token in tokens():
        Fernet(new.strip()).decrypt(token.encode())
    assert AuditEntry.objects.filter(action="keys rotated").count() == 1


@pytest.mark.django_db
def test_old_keys_may_stay_for_older_backups(register: Register, data_dir: Path) -> None:
    fill(register)
    old = (data_dir / "secrets.key").read_bytes().split()
    backup = Secret.objects.values_list("ciphertext", flat=True)[0]
    call_command("rotatekeys", settle=0, keep_old=True)
    assert (data_dir / "secrets.key").read_bytes().split()[1:] == old
    assert backup != Secret.objects.values_list("ciphertext", flat=True)[0]
    assert vault.unseal(backup)


@pytest.mark.django_db
def test_what_was_not_approved_is_not_approved_by_a_rotation(register: Register) -> None:
    fill(register)
    shell = service_register.get("shell")
    Service.objects.filter(pk=shell.pk).update(entry={**shell.entry, "command": "other"})
    assert not service_register.is_approved(service_register.get("shell"))
    rotation.rotate(settle=0)
    vault.forget_keys()
    assert not service_register.is_approved(service_register.get("shell"))
    assert service_register.is_approved(service_register.get("web"))


@pytest.mark.django_db
def test_a_value_that_no_key_opens_is_told_and_left(register: Register) -> None:
    fill(register)
    Secret.objects.create(
        name="lost",
        ciphertext=Fernet(Fernet.generate_key()).encrypt(b"x").decode(),
        created_at=NOW,
        updated_at=NOW,
    )
    assert rotation.rotate(settle=0).unreadable == 1


@pytest.mark.django_db
def test_a_value_sealed_with_the_old_key_after_the_first_pass_is_found(register: Register) -> None:
    """Another process read the key file just before it changed, and commits only now."""
    fill(register)
    late = vault.seal("late-value")

    def step(name: str) -> None:
        if name == "values sealed":
            Secret.objects.create(name="late", ciphertext=late, created_at=NOW, updated_at=NOW)

    assert rotation.rotate(settle=0, step=step).unreadable == 0
    vault.forget_keys()
    assert vault.unseal(Secret.objects.get(name="late").ciphertext) == "late-value"


@pytest.mark.django_db
def test_a_row_read_before_the_end_of_a_rotation_still_opens(register: Register) -> None:
    fill(register)
    read = Secret.objects.values_list("ciphertext", flat=True)[0]
    rotation.rotate(settle=0)
    assert vault.unseal(read)
    vault.forget_keys()
    with pytest.raises(SecretsError):
        vault.unseal(read)


def test_every_reference_of_the_code_to_a_sealed_value_is_a_sealed_column() -> None:
    assert {(model.__name__, field) for model, field in key_check.columns()} >= {
        ("Secret", "ciphertext"),
        ("Channel", "sealed"),
        ("Command", "arguments"),
        ("Command", "outcome"),
    }


KILLED = """
import os, signal, django
django.setup()
from registry.secrets import rotation
def step(name):
    if name == {step!r}:
        os.kill(os.getpid(), signal.SIGKILL)
rotation.rotate(settle=0, step=step)
"""
READ = """
import json, django
django.setup()
from registry.secrets import vault
from registry.services import register
from registry.models import Secret, Service
print(json.dumps({"values": {s.name: vault.unseal(s.ciphertext) for s in Secret.objects.all()},
    "approved": [register.is_approved(s) for s in Service.objects.all()]}))
"""
SET_UP = """
import django
django.setup()
from django.core.management import call_command
from django.utils import timezone
from registry.services import register
from registry.models import Role
call_command("migrate", verbosity=0)
register.register({document!r}, by="ann", role=Role.ADMIN, now=timezone.now())
"""


def run(code: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    names = ("PATH", "HOME", "LANG")
    environment = {name: os.environ[name] for name in names if name in os.environ} | {
        "MCPSTORE_DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_a_kill_at_each_step_leaves_all_values_readable_and_the_next_run_finishes(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    done = run(SET_UP.format(document=DOCUMENT), data_dir)
    assert done.returncode == 0, done.stderr
    before = json.loads(run(READ, data_dir).stdout)
    assert set(before["values"].values()) >= {"arg-value", "env-value", "pass-value", "header-value"}
    for step in STEPS:
        assert run(KILLED.format(step=step), data_dir).returncode == -signal.SIGKILL
        assert json.loads(run(READ, data_dir).stdout) == before, step
    assert run(KILLED.format(step="never"), data_dir).returncode == 0
    assert json.loads(run(READ, data_dir).stdout) == before
    assert len((data_dir / "secrets.key").read_bytes().split()) == 1

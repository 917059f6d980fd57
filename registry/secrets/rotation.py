"""Key rotation: a new key for everything that is encrypted, while web and worker run.

The new key is put before the old ones, every stored value is sealed anew, and only then the old keys go.
Killed at any point, all values can still be opened, and the next run finishes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models, transaction

from registry.errors import InvalidConfigError, SecretsError
from registry.installation import files
from registry.models import KeptSecret, RegistryHead, Secret, Service
from registry.secrets import factors, key_check, vault
from registry.services import store_rows

BATCH = 200
Step = Callable[[str], None]


@dataclass(kw_only=True)
class Rotated:
    """How much was sealed anew; `unreadable` are values that no key in the file opens, left as they were."""

    values: int = 0
    approvals: int = 0
    unreadable: int = 0


def rotate(*, keep_old: bool = False, settle: float = 3.0, step: Step = lambda _name: None) -> Rotated:
    """Change the key; with *keep_old* the former keys stay in the file, for backups made before.

    *settle* is the time in seconds that other processes get to write what they sealed with the former key.
    *step* hears the name of each step once it is done.
    """
    done = Rotated()
    path = Path(settings.SECRETS_KEY_FILE)
    with files.locked(path.with_name(f".{path.name}.lock")):
        former = vault.keys()
        vault.box(former)
        everything = (Fernet.generate_key(), *former)
        files.replace(path, _lines(everything))
        step("new key written")
        _seal_all(everything, done)
        step("values sealed")
        time.sleep(settle)
        while _seal_all(everything, done):
            time.sleep(settle)
        step("stragglers sealed")
        done.unreadable = _count_foreign(everything[:1])
        if not keep_old:
            files.replace(path, _lines(everything[:1]))
            step("old keys dropped")
    return done


def give_up() -> Rotated:
    """A new key where the old one is lost: what nothing opens any more is deleted, what stands is approved.

    Whoever may do this has the database and the key file in their hands already.
    """
    done = Rotated()
    path = Path(settings.SECRETS_KEY_FILE)
    with files.locked(path.with_name(f".{path.name}.lock")):
        key = Fernet.generate_key()
        files.replace(path, _lines((key,)))
        with transaction.atomic():
            RegistryHead.objects.filter(pk=1).update(
                key_check=vault.box((key,)).encrypt(key_check.SAYS.encode()).decode()
            )
            for model in (Secret, KeptSecret):
                rows = model._base_manager.values_list("pk", "ciphertext")
                foreign = [pk for pk, sealed in rows if not _opens(key, sealed)]
                done.values += model._base_manager.filter(pk__in=foreign).delete()[0]
            done.values += factors.drop_foreign(partial(_opens, key)) + _clear_tokens(key)
            for service in Service.objects.exclude(approved_hash=""):
                done.approvals += Service.objects.filter(pk=service.pk).update(
                    approved_hash=_standing(service)
                )
        vault.forget_keys()
        done.unreadable = _count_foreign((key,))
    return done


def _clear_tokens(key: bytes) -> int:
    """Empty the columns of models that say so: what they hold is got anew by itself, or by a person."""
    count = 0
    for model, field in key_check.columns():
        if getattr(model, "empties_with_key", False):
            rows = model._base_manager.exclude(**{field: ""}).values_list("pk", field)
            foreign = [pk for pk, sealed in rows if not _opens(key, sealed)]
            count += model._base_manager.filter(pk__in=foreign).update(**{field: ""})
    return count


def _standing(service: Service) -> str:
    """The approval of what is stored; none where a value is gone, which asks for it when it is saved."""
    try:
        return vault.fingerprint(vault.reveal(service))
    except (InvalidConfigError, SecretsError):
        return ""


def _lines(keys: tuple[bytes, ...]) -> bytes:
    return b"".join(key + b"\n" for key in keys)


def _seal_all(everything: tuple[bytes, ...], done: Rotated) -> int:
    """One pass over all that is not under the first key yet; how much there was."""
    values = sum(_seal_column(model, field, everything) for model, field in key_check.columns())
    values += _seal_sessions(everything)
    values += factors.reseal(lambda sealed: _sealed_anew(sealed, everything))
    approvals = _approve_anew()
    done.values, done.approvals = done.values + values, done.approvals + approvals
    return values + approvals


def _seal_column(model: type[models.Model], field: str, everything: tuple[bytes, ...]) -> int:
    count = 0
    for pks in _batches(model._base_manager.exclude(**{field: ""})):
        # The head row is what every writer of configuration takes first: none of them is between sealing and
        # committing while it is ours.
        with transaction.atomic():
            store_rows.lock_head()
            rows = model._base_manager.filter(pk__in=pks).values_list("pk", field)
            for pk, sealed in list(rows):
                fresh = _sealed_anew(sealed, everything)
                same = model._base_manager.filter(pk=pk, **{field: sealed})
                count += same.update(**{field: fresh}) if fresh else 0
    return count


def _batches(rows: models.QuerySet[models.Model]) -> Iterator[list[int]]:
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield batch
        last = batch[-1]


def _sealed_anew(sealed: str, everything: tuple[bytes, ...]) -> str | None:
    """The value under the first key; None where it is already, and where none of the keys opens it."""
    if _opens(everything[0], sealed):
        return None
    try:
        return vault.box(everything).rotate(sealed.encode()).decode()
    except InvalidToken:
        return None


def _opens(key: bytes, sealed: str) -> bool:
    try:
        vault.box((key,)).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _approve_anew() -> int:
    """Approvals are keyed too. One that was not given for what is stored is not given now."""
    count = 0
    for pks in _batches(Service.objects.exclude(approved_hash="")):
        with transaction.atomic():
            store_rows.lock_head()
            for service in Service.objects.filter(pk__in=pks):
                if fresh := _approval(service):
                    count += Service.objects.filter(pk=service.pk).update(approved_hash=fresh)
    return count


def _approval(service: Service) -> str:
    try:
        config = vault.reveal(service)
    except (InvalidConfigError, SecretsError):
        return ""
    if not vault.matches(config, service.approved_hash):
        return ""
    fresh = vault.fingerprint(config)
    return fresh if fresh != service.approved_hash else ""


def _seal_sessions(everything: tuple[bytes, ...]) -> int:
    """What waits in a session to be shown once is sealed too."""
    count = 0
    for pk, data in Session.objects.values_list("pk", "session_data"):
        kept = Session(session_data=data).get_decoded()
        waiting = [value for value in kept.values() if isinstance(value, dict) and "sealed" in value]
        fresh = {id(value): _sealed_anew(str(value["sealed"]), everything) for value in waiting}
        for value in waiting:
            value["sealed"] = fresh[id(value)] or value["sealed"]
        if any(fresh.values()):
            encoded = Session.objects.encode(kept)
            count += Session.objects.filter(pk=pk, session_data=data).update(session_data=encoded)
    return count


def _count_foreign(keys: tuple[bytes, ...]) -> int:
    """Values that these keys do not open."""
    return sum(not _opens(keys[0], sealed) for _pk, sealed in factors.sealed()) + sum(
        not _opens(keys[0], sealed)
        for model, field in key_check.columns()
        for sealed in model._base_manager.exclude(**{field: ""}).values_list(field, flat=True).iterator()
    )

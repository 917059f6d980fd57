"""Whether the key file is the one that belongs to this database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.apps import apps
from django.conf import settings
from django.db import models

from registry.errors import SecretsError
from registry.models import RegistryHead, SealedField, Service
from registry.secrets import factors

SAYS = "mcpstore"
SAMPLES = 20
_WAY_OUT = (
    "Put back the secrets.key that belongs to this database, from the backup of the data directory. If it is "
    f"lost for good, `{settings.COMMAND} rotatekeys --give-up` makes a new key and deletes what only the old "
    "one opens; those values must be typed again."
)
Opens = Callable[[str], bool]


def columns() -> list[tuple[type[models.Model], str]]:
    """Every model and field that holds sealed values."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
    ]


def refuse_missing() -> None:
    """A key may be made only where nothing is sealed or approved with another one."""
    if any(_sealed()) or Service.objects.exclude(approved_hash="").exists():
        raise SecretsError(
            f"{settings.SECRETS_KEY_FILE} is missing, and values in this database need it. {_WAY_OUT}"
        )


def refuse_foreign(opens: Opens, seal: Callable[[str], str]) -> None:
    """SecretsError unless the keys open what was sealed to check them; a first key seals it."""
    head, _made = RegistryHead.objects.get_or_create(pk=1)
    if not (opens(head.key_check) if head.key_check else _opens_some(opens)):
        raise SecretsError(
            f"{settings.SECRETS_KEY_FILE} holds another key than the one this database was encrypted with. "
            f"{_WAY_OUT}"
        )
    if not head.key_check:
        RegistryHead.objects.filter(pk=1, key_check="").update(key_check=seal(SAYS))


def _opens_some(opens: Opens) -> bool:
    """A database of an older version has no check yet; a few of its values may be of keys long gone."""
    samples = [value for value, _number in zip(_sealed(), range(SAMPLES), strict=False)]
    return not samples or any(map(opens, samples))


def _sealed() -> Iterator[str]:
    for model, field in columns():
        rows = model._base_manager.exclude(**{field: ""})
        yield from rows.values_list(field, flat=True)[:SAMPLES]
    yield from (value for _pk, value in factors.sealed())

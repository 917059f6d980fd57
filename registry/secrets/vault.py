"""The vault: values are encrypted and decrypted here, and shown nowhere."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from registry.core.documents.dialects import URL_KEYS
from registry.core.entries import entry as entries
from registry.core.entries import filling
from registry.core.entries.entry import ServiceConfig
from registry.errors import InvalidConfigError, SecretsError
from registry.installation import egress, files
from registry.models import KeptSecret, Secret, Service
from registry.secrets import key_check, masking
from registry.secrets.masking import mask, variants

__all__ = ["mask", "variants"]

BATCH = 500
EARLIER_KEY_OPENS_FOR = 600.0
_read_at: dict[bytes, float] = {}
_checked: set[tuple[bytes, ...]] = set()


def keys() -> tuple[bytes, ...]:
    """The keys, newest first, one a line. Read each time, since they may be rotated.

    A key is made where nothing is sealed yet. SecretsError where the file is missing or not the right one.
    """
    found = _read()
    if not found:
        key_check.refuse_missing()
        fresh = Fernet.generate_key() + b"\n"
        if not (there := files.create(settings.SECRETS_KEY_FILE, fresh)).split():
            files.swap(settings.SECRETS_KEY_FILE, fresh, there)
        found = _read()
    if found not in _checked:
        opener = box(found)
        key_check.refuse_foreign(partial(_opens, opener), lambda text: opener.encrypt(text.encode()).decode())
        _checked.add(found)
    _read_at.update(dict.fromkeys(found, time.monotonic()))
    return found


def _read() -> tuple[bytes, ...]:
    with suppress(FileNotFoundError):
        return tuple(Path(settings.SECRETS_KEY_FILE).read_bytes().split())
    return ()


def _opens(opener: MultiFernet, sealed: str) -> bool:
    with suppress(InvalidToken):
        opener.decrypt(sealed.encode())
        return True
    return False


def _earlier(now: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Keys of a moment ago: a rotation may end between the reading of a row and the opening of its value."""
    since = time.monotonic() - EARLIER_KEY_OPENS_FOR
    for key in [key for key, at in _read_at.items() if at < since]:
        del _read_at[key]
    return tuple(key for key in _read_at if key not in now)


@lru_cache(maxsize=8)
def box(keys: tuple[bytes, ...]) -> MultiFernet:
    """What seals with the first of these keys and opens with any."""
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except (ValueError, IndexError):
        raise SecretsError(
            f"{settings.SECRETS_KEY_FILE} holds no usable key. Put the right key file back."
        ) from None


def seal(text: str) -> str:
    """Encrypted for the database."""
    return box(keys()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again; SecretsError when the key file has no key for it."""
    known = keys()
    for candidates in filter(None, (known, _earlier(known))):
        with suppress(InvalidToken):
            return box(candidates).decrypt(sealed.encode()).decode()
    raise SecretsError(
        f"A stored value cannot be read with {settings.SECRETS_KEY_FILE}. Put the right key file back."
    )


def _digest(key: bytes, config: ServiceConfig) -> str:
    what = [config.transport, config.command, config.args, sorted(config.env.items()), config.cwd, config.url]
    return hmac.new(key, json.dumps(what).encode(), hashlib.sha256).hexdigest()


def forget_keys() -> None:
    """As in a new process: only what stands in the key file opens anything."""
    _read_at.clear()
    _checked.clear()


def fingerprint(config: ServiceConfig) -> str:
    """What an approval is given for. Keyed: it gives no value away and cannot be forged in the database."""
    return _digest(keys()[0], config)


def matches(config: ServiceConfig, approved: str) -> bool:
    """Whether *approved* was given for exactly this."""
    return any(hmac.compare_digest(_digest(key, config), approved) for key in keys())


def values_of(names: Collection[str], service_ids: Collection[int]) -> dict[str, str]:
    """The values of these secrets, as far as they are shared or belong to one of the services."""
    if not names:
        return {}
    rows = Secret.objects.filter(name__in=names).values_list("name", "service_id", "ciphertext")
    found = {name: unseal(sealed) for name, owner, sealed in rows if owner is None or owner in service_ids}
    masking.remember(found.values())
    return found


def reveal(service: Service) -> ServiceConfig:
    """The configuration with its real values, for the engine alone; InvalidConfigError if one is missing."""
    where = f"mcpServers.{service.name}"
    try:
        values = values_of(filling.references(service.entry), {service.pk})
        filled = filling.fill(service.entry, values)
    except filling.MissingValueError as exc:
        name = str(exc.args[0])
        raise InvalidConfigError(
            where, f"needs a value for {name}", "Give it and save again", asks=[name]
        ) from None
    return entries.parse(filled, ("mcpServers", service.name), egress.rule()).config


def masked_entry(service: Service) -> dict[str, Any]:
    """The entry for pages and REST: dots where a secret is."""
    return filling.masked(service.entry)


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """Values in each way they could be written: `said` goes for messages, `listed` for lists of tools.

    In lists plain words under names of no credential may stay: dots there would break the tools.
    """

    said: frozenset[str]
    listed: frozenset[str]


def hidden(service: Service) -> Hidden:
    """Every secret value that a server could repeat, because it was given to it."""
    values = values_of(filling.all_references(service.entry), {service.pk})
    return hidden_in(service.entry, values, service.transport)


def hidden_in(entry: Mapping[str, Any], values: Mapping[str, str], transport: str) -> Hidden:
    """The same for an entry that is filled with these values, saved or not."""
    kept = {name: value for name, value in values.items() if not masking.is_word(name, value)}
    ours = _given_to_programs() if transport == "stdio" else ()
    said, listed = _spoken(entry, values), _spoken(entry, kept)
    return Hidden(said=variants([*said, *ours]), listed=variants([*listed, *ours]))


def _given_to_programs() -> tuple[str, ...]:
    """The password of this installation's proxy, which their environment may hold."""
    return settings.PROXY.secrets if settings.CHILD_NETWORK and settings.PROXY else ()


def known_values(service: Service) -> frozenset[str]:
    """Every secret value that could appear in this service's errors, in each way it could be written."""
    return hidden(service).said


def _spoken(entry: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[str]:
    """The values, and what HTTP makes of a user and password in the address."""
    yield from values.values()
    for key in URL_KEYS:
        if isinstance(entry.get(key), str) and "@" in entry[key]:
            url = str(filling.fill_everywhere({key: entry[key]}, values)[key])
            userinfo = url.partition("://")[2].partition("/")[0].rpartition("@")[0]
            yield from (userinfo, unquote(userinfo)) if ":" in userinfo else ()


def keep_aside(names: Collection[str]) -> None:
    """Before others take these names: keep the values that removed services have under them."""
    for part in _parts(sorted(names)):
        rows = Secret.objects.filter(name__in=part, service__removed_at__isnull=False)
        kept = [
            KeptSecret(service_id=owner, name=name, ciphertext=sealed)
            for owner, name, sealed in rows.values_list("service_id", "name", "ciphertext")
            if owner is not None
        ]
        KeptSecret.objects.bulk_create(
            kept, update_conflicts=True, unique_fields=["service", "name"], update_fields=["ciphertext"]
        )


def put_back(service: Service, now: datetime) -> None:
    """Give a restored service the values again that were kept aside; others that are removed keep theirs."""
    kept = list(service.kept_secrets.values_list("name", "ciphertext"))
    keep_aside([name for name, _sealed in kept])
    Secret.objects.bulk_create(
        [
            Secret(name=name, service=service, ciphertext=sealed, created_at=now, updated_at=now)
            for name, sealed in kept
        ],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["service", "ciphertext", "updated_at"],
    )
    service.kept_secrets.all().delete()


def _parts(names: list[str]) -> Iterator[list[str]]:
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))

"""Values that are kept encrypted: sealed and unsealed here, shown nowhere."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from registry import files
from registry.core import entry as entries
from registry.core import filling
from registry.core.entry import ServiceConfig
from registry.core.filling import MASK
from registry.errors import InvalidConfigError, SecretsError
from registry.models import Secret, Service

SHORTEST_MASKED = 4


def _keys() -> tuple[bytes, ...]:
    """The keys, newest first, one a line; made private at first use."""
    content = files.create(settings.SECRETS_KEY_FILE, Fernet.generate_key() + b"\n")
    return tuple(content.split())


@lru_cache(maxsize=4)
def _box(keys: tuple[bytes, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except (ValueError, IndexError):
        raise SecretsError(
            f"{settings.SECRETS_KEY_FILE} holds no usable key. Put the right key file back."
        ) from None


def seal(text: str) -> str:
    """Encrypted for the database."""
    return _box(_keys()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again; SecretsError when the key file has no key for it."""
    try:
        return _box(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretsError(
            f"A stored value cannot be read with {settings.SECRETS_KEY_FILE}. Put the right key file back."
        ) from None


def _digest(key: bytes, config: ServiceConfig) -> str:
    what = [config.transport, config.command, config.args, sorted(config.env.items()), config.cwd, config.url]
    return hmac.new(key, json.dumps(what).encode(), hashlib.sha256).hexdigest()


def fingerprint(config: ServiceConfig) -> str:
    """What an approval is given for. Keyed: it gives no value away and cannot be forged in the database."""
    return _digest(_keys()[0], config)


def matches(config: ServiceConfig, approved: str) -> bool:
    """Whether *approved* was given for exactly this."""
    return any(hmac.compare_digest(_digest(key, config), approved) for key in _keys())


def values_of(names: Collection[str], service_ids: Collection[int]) -> dict[str, str]:
    """The values of these secrets, as far as they are shared or belong to one of the services."""
    if not names:
        return {}
    rows = Secret.objects.filter(name__in=names).values_list("name", "service_id", "ciphertext")
    return {name: unseal(sealed) for name, owner, sealed in rows if owner is None or owner in service_ids}


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
    return entries.parse(filled, ("mcpServers", service.name), strict=settings.EGRESS_STRICT).config


def masked_entry(service: Service) -> dict[str, Any]:
    """The entry for pages and REST: dots where a secret is."""
    return filling.masked(service.entry)


def known_values(service: Service) -> frozenset[str]:
    """Every secret value that could appear in this service's errors, in each way it could be written."""
    referred = values_of(filling.all_references(service.entry), {service.pk})
    return variants(referred.values())


def variants(values: Iterable[str]) -> frozenset[str]:
    """The values, and as they look percent-encoded, decoded and inside JSON."""
    ways = {
        way
        for value in values
        for way in (value, quote(value, safe=""), unquote(value), json.dumps(value)[1:-1])
    }
    return frozenset(way for way in ways if len(way) >= SHORTEST_MASKED)


def mask(text: str, values: Collection[str]) -> str:
    """The text with dots for each of the values, the longest first."""
    if not values or not text:
        return text
    longest_first = sorted(values, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), MASK, text)

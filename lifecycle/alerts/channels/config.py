"""The settings of a channel: encrypted, opened for sending alone."""

from __future__ import annotations

import base64
import json
import secrets as entropy
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings

from lifecycle.models import Channel
from registry.secrets import masking, vault

SHORTEST_TOKEN = 8
OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
SECRET_PREFIX = "whsec_"  # noqa: S105 - the standard's prefix, not a secret


@dataclass(frozen=True, kw_only=True)
class Config:
    """`to` belongs to email, the rest to webhook. The old secret signs too until `old_until`."""

    to: tuple[str, ...] = ()
    url: str = ""
    secret: str = ""
    old_secret: str = ""
    old_until: datetime | None = None

    def signing(self, now: datetime) -> tuple[str, ...]:
        """The secrets to sign with, the newest first."""
        if self.old_secret and self.old_until is not None and now < self.old_until:
            return (self.secret, self.old_secret)
        return (self.secret,)


def seal(config: Config) -> str:
    return vault.seal(json.dumps({**asdict(config), "old_until": _iso(config.old_until)}))


def unseal(sealed: str) -> Config:
    """The configuration; an empty text is one without any setting."""
    if not sealed:
        return Config()
    raw = json.loads(vault.unseal(sealed))
    until = datetime.fromisoformat(raw["old_until"]) if raw["old_until"] else None
    return Config(**{**raw, "to": tuple(raw["to"]), "old_until": until})


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def new_secret() -> str:
    """A signing secret as Standard Webhooks has it: 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(entropy.token_bytes(32)).decode()


def secret_bytes(secret: str) -> bytes:
    """The key behind the text; ValueError where it is not base64 of 24 to 64 bytes."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a signing secret has 24 to 64 bytes")
    return key


def rotated(config: Config, now: datetime) -> Config:
    """With a new secret; the old one signs along for a day, so that receivers can follow."""
    return replace(
        config, secret=new_secret(), old_secret=config.secret, old_until=now + OLD_SECRET_SIGNS_FOR
    )


def known_values(kind: str, config: Config) -> frozenset[str]:
    """What an answer must not repeat: the password of the mail server, or the address and its secrets."""
    if kind == Channel.Kind.EMAIL:
        return masking.variants(filter(None, [settings.EMAIL_HOST_PASSWORD]))
    parts = urlsplit(config.url)
    asked = [value for _name, value in parse_qsl(parts.query)]
    paths = (parts.path.strip("/"), *parts.path.split("/"), parts.query, *asked)
    likely = [part for part in paths if len(part) >= SHORTEST_TOKEN]
    keys = [secret.removeprefix(SECRET_PREFIX) for secret in (config.secret, config.old_secret)]
    return masking.variants(filter(None, [config.url, *likely, parts.username, parts.password, *keys]))


def summary(kind: str, config: Config) -> str:
    """What people may see. A webhook's path often is its password, so only the host is shown."""
    match Channel.Kind(kind):
        case Channel.Kind.EMAIL:
            return ", ".join(config.to)[:200]
        case Channel.Kind.WEBHOOK:
            parts = urlsplit(config.url)
            host = parts.netloc.rpartition("@")[2]
            return f"{parts.scheme}://{host}/…"[:200]
        case Channel.Kind.CONSOLE:
            return "the worker's log"

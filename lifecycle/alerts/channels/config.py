"""The settings of a channel: encrypted, opened for sending alone."""

from __future__ import annotations

import base64
import json
import secrets as entropy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from registry.secrets import vault

OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
SECRET_PREFIX = "whsec_"  # noqa: S105 - the standard's prefix, not a secret


@dataclass(frozen=True, kw_only=True)
class Config:
    """`to` belongs to email; what only one kind of channel has is in `more`.

    The old secret signs too until `old_until`.
    """

    to: tuple[str, ...] = ()
    url: str = ""
    secret: str = ""
    old_secret: str = ""
    old_until: datetime | None = None
    more: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """The setting of a form's field; empty where there is none."""
        if name == "to":
            return "\n".join(self.to)
        return str(getattr(self, name)) if name in ("url", "secret") else self.more.get(name, "")

    def having(self, values: Mapping[str, str]) -> Config:
        """With what a form has."""
        own = ("to", "url", "secret")
        more = {**self.more, **{name: value for name, value in values.items() if name not in own}}
        return replace(
            self,
            to=tuple(values["to"].split("\n")) if values.get("to") else self.to,
            url=values.get("url", self.url),
            secret=values.get("secret", self.secret),
            more={name: value for name, value in more.items() if value},
        )

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

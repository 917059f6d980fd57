"""OpenID Connect as an installation sets it up: where, as whom, and which groups have which role. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

NAMES = ("URL", "CLIENT_ID", "CLIENT_SECRET", "ROLES")
SETTINGS = (*NAMES, "GROUPS_CLAIM")
ROLES = ("admin", "operator", "viewer")
EXAMPLE = "Set pairs such as mcp-admins=admin,mcp-ops=operator,staff=viewer."
GROUPS = "groups"
WELL_KNOWN = "/.well-known/openid-configuration"


class BadOpenIdError(ValueError):
    """A setting cannot be used: its name, what is wrong, and what to set."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"{name} {problem}")
        self.name, self.problem, self.remedy = name, problem, remedy


@dataclass(frozen=True, kw_only=True)
class OpenId:
    """`url` is the issuer. `only`: nobody signs in by a password or a passkey of this console.

    `groups_claim` is where the groups are: the name of a claim, or the way to one inside of others.
    """

    url: str
    client_id: str
    secret: str = field(repr=False)
    roles: tuple[tuple[str, str], ...]
    only: bool = False
    groups_claim: str = GROUPS

    @property
    def host(self) -> str:
        """By which people know it."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def role_of(self, groups: Iterable[str]) -> str | None:
        """The highest role that one of these groups has; None where none has any."""
        given = dict(self.roles)
        found = {given[group] for group in groups if group in given}
        return next((role for role in ROLES if role in found), None)


def read(
    url: str, client_id: str, secret: str, roles: str, groups_claim: str = "", *, only: bool
) -> OpenId | None:
    """As the settings have it; None where none of them is set. BadOpenIdError."""
    values = (url.strip(), client_id.strip(), secret, roles.strip())
    given = dict(zip(NAMES, values, strict=True))
    if not any(given.values()):
        if only:
            raise BadOpenIdError(
                "ONLY", "locks everyone out", "Set MCPSTORE_OIDC_URL and the three beside it."
            )
        return None
    for name, value in given.items():
        if not value:
            raise BadOpenIdError(
                name, "is missing", "OpenID Connect needs its URL, CLIENT_ID, CLIENT_SECRET and ROLES."
            )
    where = given["URL"].removesuffix(WELL_KNOWN).rstrip("/")
    return OpenId(
        url=_issuer(where),
        client_id=given["CLIENT_ID"],
        secret=secret,
        roles=_pairs(given["ROLES"]),
        only=only,
        groups_claim=groups_claim.strip() or GROUPS,
    )


def _issuer(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = None, None
    if parts is None or not host or parts.scheme not in ("https", "http") or parts.username or parts.query:
        raise BadOpenIdError(
            "URL", "is not an address", "Set the issuer, such as https://id.example.org/realms/main."
        )
    if parts.scheme == "http" and not _is_here(host):
        raise BadOpenIdError("URL", "is not https", "Only a provider on this machine may be asked over http.")
    return url


def _is_here(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """`group=role`, separated by commas; a group may have = in its name."""
    found = []
    for item in filter(None, (item.strip() for item in text.split(","))):
        group, sign, role = (part.strip() for part in item.rpartition("="))
        if not sign or not group or role not in ROLES:
            raise BadOpenIdError("ROLES", f"has {item!r}, which is no group=role", EXAMPLE)
        found.append((group, role))
    return tuple(found)


def claim_in(claims: Any, name: str) -> Any:
    """The claim of exactly this name, or where its dots lead: `realm_access.roles`; None where neither is.

    Names have dots too, such as those that are addresses: the whole name counts first, at each step.
    """
    if not isinstance(claims, dict):
        return None
    if name in claims:
        return claims[name]
    ways = (claim_in(claims.get(name[:at]), name[at + 1 :]) for at, sign in enumerate(name) if sign == ".")
    return next((found for found in ways if found is not None), None)


def groups_in(claims: dict[str, Any], name: str = GROUPS) -> list[str]:
    """What the claim has: a list of texts, or one."""
    given = claim_in(claims, name)
    items = [given] if isinstance(given, str) else given
    return [item for item in items if isinstance(item, str)][:1000] if isinstance(items, list) else []

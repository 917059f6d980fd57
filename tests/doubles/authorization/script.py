"""What a pair of authorization server and MCP server does otherwise than usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP answer, after so many seconds; a `lost` one is never sent."""

    status: int = 200
    body: Any = ""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0
    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What an endpoint does the first `times`: its `answer` in the place of the right one, `after` seconds,
    or all that is right except that the answer is `lost`."""

    answer: Answer | None = None
    times: int | None = None
    after: float = 0
    lost: bool = False


@dataclass(kw_only=True)
class Script:
    """The defaults are a server that does all as the rules of 2026-07-28 want it.

    It may be changed while it serves.

    `faults` are by endpoint: mcp, resource, metadata, register, authorize, token, refresh, revoke.
    """

    era: str = "modern"
    faults: dict[str, Fault] = field(default_factory=dict)

    # the MCP server
    challenge: tuple[str, ...] = ("resource_metadata",)
    challenge_before: str = ""
    challenge_scope: str = ""
    resource_at: str = "path"
    resource: Json = field(default_factory=dict)
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs: Mapping[str, str] = field(default_factory=dict)

    # the authorization server
    same_origin: bool = False
    issuer_path: str = ""
    issuer_ends: str = ""
    iss_ends: str | None = None
    metadata_at: str = "oauth"
    metadata: Json = field(default_factory=dict)
    says_iss: bool = True
    callback: Mapping[str, str | None] = field(default_factory=dict)
    refuses: str = ""
    authorize_query: str = ""

    # clients
    methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post", "none")
    secret_ends: int = 0
    prior: Mapping[str, Any] = field(default_factory=dict)

    # tokens
    lasts: int = 3600
    refreshes: bool = True
    rotates: bool = True
    forgives: bool = False
    token: Json = field(default_factory=dict)


def without_none(values: Mapping[str, Any]) -> Json:
    """A value of None takes the key away."""
    return {key: value for key, value in values.items() if value is not None}

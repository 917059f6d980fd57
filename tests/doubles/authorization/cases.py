"""The table: what is not as usual at each server, and how signing in to it must end."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.doubles.authorization.script import Answer, Fault, Script


class Says(StrEnum):
    """What the sentence is about that the console must show; `nothing` means that it serves."""

    NOTHING = "nothing"
    EXPIRED = "the sign-in has ended and cannot be renewed"
    WITHDRAWN = "the consent was taken back"
    CUT = "a renewal was never heard of again"
    FORGOTTEN = "the server no longer knows this console"
    WRONG_ISSUER = "another issuer answers than was asked"
    NOT_REGISTERED = "the registration was refused"
    NO_CLIENT = "a client must be registered by hand"
    NO_PKCE = "it does not do PKCE"
    WRONG_RESOURCE = "it describes another address"
    REFUSED = "the person said no"
    NO_METADATA = "it says nothing of itself"
    ADDRESS = "where it leads to is not asked"
    NO_TOKEN = "what it answers is no token"
    TROUBLE = "it has a fault, try later"
    MORE_SCOPE = "it wants more scopes"


@dataclass(frozen=True)
class Case:
    """After signing in, or trying to, `says` holds; if `then` comes, `says` is what holds after that."""

    name: str
    template: Script = field(default_factory=Script)
    says: Says = Says.NOTHING
    then: str = ""
    registrations: int = 1

    @property
    def state(self) -> str:
        return "HEALTHY" if self.says is Says.NOTHING else "UNREACHABLE"

    @property
    def signs_in(self) -> bool:
        """Whether there is a token at first."""
        return bool(self.then) or self.says is Says.NOTHING

    @property
    def is_slow(self) -> bool:
        return any(fault.after for fault in self.template.faults.values())

    def script(self) -> Script:
        return copy.deepcopy(self.template)


def failing(endpoint: str, status: int = 200, body: Any = "", **more: Any) -> Script:
    times, kind = more.pop("times", None), more.pop("kind", "application/json")
    answer = Answer(status=status, body=body, kind=kind, headers=more.pop("headers", {}))
    return Script(faults={endpoint: Fault(answer=answer, times=times)}, **more)


def leading(issuer: str) -> Script:
    return Script(resource={"authorization_servers": [issuer]})


def html(endpoint: str) -> Script:
    return failing(endpoint, body="<!doctype html><h1>Portal</h1>", kind="text/html")


def oauth_error(endpoint: str, error: str, why: str = "", status: int = 400, **more: Any) -> Script:
    return failing(endpoint, status, {"error": error, "error_description": why}, **more)


def late(endpoint: str, seconds: float = 5) -> Script:
    return Script(faults={endpoint: Fault(after=seconds)})


def by_hand(name: str, kinds: list[str]) -> dict[str, Any]:
    secret = {"client_secret": "c4nary-of-" + name, "token_endpoint_auth_method": "client_secret_basic"}
    return {"client_id": name, "grant_types": kinds, **secret}


BUSY = {"Retry-After": "30"}
MACHINE = by_hand("machine", ["client_credentials"])
BY_HAND = by_hand("by-hand", ["authorization_code", "refresh_token"])
UNLISTED = {"registration_endpoint": None}
BARE = Script(resource_at="", challenge=(), same_origin=True, metadata_at="", says_iss=False)
S = Says

PLACES = [
    Case("the challenge names its metadata", Script(resource_at="elsewhere")),
    Case("metadata below its path", Script(resource_at="path", challenge=())),
    Case("metadata at the root", Script(resource_at="root", challenge=())),
    Case("issuer with a path", Script(issuer_path="/tenant/1")),
    Case("OpenID at the root", Script(metadata_at="openid")),
    Case("OpenID before the path", Script(metadata_at="openid", issuer_path="/tenant")),
    Case("OpenID after the path", Script(metadata_at="openid-appended", issuer_path="/tenant")),
    Case("one origin for both", Script(same_origin=True)),
    Case("no resource metadata", Script(resource_at="", challenge=(), same_origin=True)),
    Case("no metadata at all", BARE),
    Case("several authorization servers", Script(after=("https://b.example", "https://c.example"))),
    Case("an older MCP server", Script(era="legacy")),
    Case(
        "a challenge among others", Script(challenge_before='Basic realm="x, y", ', resource_at="elsewhere")
    ),
    Case("leads into the network", leading("https://10.1.2.3"), S.ADDRESS, registrations=0),
    Case("leads to where no TLS is", leading("http://issuer.example"), S.ADDRESS, registrations=0),
]
CLIENTS = [
    Case("secret in the header", Script(methods=("client_secret_basic",))),
    Case("secret in the form", Script(methods=("client_secret_post",))),
    Case("an address with a query", Script(authorize_query="?tenant=a%20b")),
    Case("no secret", Script(methods=("none",))),
    Case(
        "client-id document",
        Script(metadata={"client_id_metadata_document_supported": True}),
        registrations=0,
    ),
    Case("registered by hand", Script(metadata=UNLISTED, prior=BY_HAND), registrations=0),
    Case("client credentials", Script(metadata=UNLISTED, prior=MACHINE), registrations=0),
    Case("nowhere to register", Script(metadata=UNLISTED), S.NO_CLIENT, registrations=0),
    Case(
        "registration forbidden",
        oauth_error("register", "access_denied", "ask an admin", 403),
        S.NOT_REGISTERED,
    ),
    Case(
        "registration refused",
        oauth_error("register", "invalid_redirect_uri", "https only"),
        S.NOT_REGISTERED,
    ),
    Case("registration is a page", html("register"), S.NOT_REGISTERED),
]
ISSUERS = [
    Case("issuer moved", Script(metadata={"issuer": "https://new.example"}), S.WRONG_ISSUER, registrations=0),
    Case("one slash more in its issuer", Script(issuer_ends="/")),
    Case("one slash more behind its path", Script(issuer_path="/a", issuer_ends="/")),
    Case("iss without the slash", Script(issuer_ends="/", iss_ends=""), S.WRONG_ISSUER),
    Case("wrong iss", Script(callback={"iss": "https://evil.example"}), S.WRONG_ISSUER),
    Case("no iss though promised", Script(callback={"iss": None}), S.WRONG_ISSUER),
    Case("no iss and none promised", Script(says_iss=False)),
    Case("another resource", Script(resource={"resource": "https://x.example/mcp"}), S.WRONG_RESOURCE, "", 0),
    Case(
        "plain PKCE only", Script(metadata={"code_challenge_methods_supported": ["plain"]}), S.NO_PKCE, "", 0
    ),
    Case("no word of PKCE", Script(metadata={"code_challenge_methods_supported": None}), S.NO_PKCE, "", 0),
]
TROUBLES = [
    Case("consent refused", Script(refuses="access_denied"), S.REFUSED),
    Case("metadata fails", failing("metadata", 500), S.TROUBLE, registrations=0),
    Case("resource metadata fails", failing("resource", 503), S.TROUBLE, registrations=0),
    Case("token endpoint fails", failing("token", 500, "<h1>Oops</h1>", kind="text/html"), S.TROUBLE),
    Case("token endpoint is busy", failing("token", 429, headers=BUSY), S.TROUBLE),
    Case("registration is busy", failing("register", 429, headers=BUSY), S.TROUBLE),
    Case("metadata is a page", html("metadata"), S.NO_METADATA, registrations=0),
    Case("token is a page", html("token"), S.NO_TOKEN),
    Case(
        "metadata without end",
        failing("metadata", body={"x": "y" * 3_000_000}),
        S.NO_METADATA,
        registrations=0,
    ),
    Case("metadata is elsewhere", failing("metadata", 302, headers={"Location": "/x"}), S.NO_METADATA, "", 0),
    Case("slow metadata", late("metadata")),
    Case("slow token", late("token")),
    Case("token endpoint has moved", failing("token", 307, headers={"Location": "/new"}), S.NO_TOKEN),
    Case("error called success", failing("token", 200, {"error": "bad_verification_code"}), S.NO_TOKEN),
    Case("code refused", oauth_error("token", "invalid_grant", "expired code"), S.NO_TOKEN),
    Case("client refused", oauth_error("token", "invalid_client", "who?", 401), S.FORGOTTEN),
]
TOKENS = [
    Case("no word of an end", Script(token={"expires_in": None})),
    Case("its end is a text", Script(token={"expires_in": "3600"})),
    Case("bearer in small letters", Script(token={"token_type": "bearer"})),
    Case("token of another type", Script(token={"token_type": "DPoP"}), S.NO_TOKEN),
    Case("answer without a token", Script(token={"access_token": None}), S.NO_TOKEN),
    Case("scopes in the challenge", Script(challenge_scope="use", resource={"scopes_supported": ["all"]})),
    Case("scopes in the metadata", Script(resource={"scopes_supported": ["use", "see"]})),
    Case(
        "offline access",
        Script(resource={"scopes_supported": ["use"]}, metadata={"scopes_supported": ["offline_access"]}),
    ),
]
LATER = [
    Case("renewed unseen", then="expire"),
    Case("renewed with the same refresh token", Script(rotates=False), then="expire"),
    Case("ends without a refresh token", Script(refreshes=False), S.EXPIRED, "expire"),
    Case("consent withdrawn", Script(), S.WITHDRAWN, "withdraw"),
    Case("client forgotten", Script(), S.FORGOTTEN, "forget_clients"),
    Case("renewal fails for a while", failing("refresh", 503, times=2), then="expire"),
    Case("renewal is a page", html("refresh"), S.TROUBLE, "expire"),
    Case("renewed and never heard", Script(faults={"refresh": Fault(lost=True, times=1)}), S.CUT, "expire"),
    Case(
        "renewed, never heard, forgiven",
        Script(faults={"refresh": Fault(lost=True, times=1)}, forgives=True),
        then="expire",
    ),
    Case("more scope later", Script(challenge_scope="use"), S.MORE_SCOPE, "want_more"),
    Case("secret has ended", Script(methods=("client_secret_post",)), S.FORGOTTEN, "end_secrets"),
]
CASES = [*PLACES, *CLIENTS, *ISSUERS, *TROUBLES, *TOKENS, *LATER]

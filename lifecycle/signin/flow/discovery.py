"""Who signs in for a service: its own metadata (RFC 9728), then that of its server (RFC 8414, OpenID)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls,
    build_protected_resource_metadata_discovery_urls,
    create_oauth_metadata_request,
    extract_resource_metadata_from_www_auth,
    extract_scope_from_www_auth,
    get_client_metadata_scopes,
    handle_auth_metadata_response,
    handle_protected_resource_response,
)
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata
from mcp.shared.auth_utils import check_resource_allowed, resource_url_from_server_url
from pydantic import ValidationError

from lifecycle.core.signin import addresses
from lifecycle.core.signin.failures import Failure, SignInError
from lifecycle.signin.flow.http import Http, in_trouble

ACCEPT = "application/json, text/event-stream"
HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "mcpstore-console", "version": "0.1.0"},
    },
}
Note = Callable[..., Awaitable[None]]
"""Writes one line of the attempt down: the word for it, and details by name."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The service to sign in to: its address without secrets, its headers, and the issuer an admin named."""

    url: str
    headers: Mapping[str, str]
    sse: bool = False
    issuer: str = ""

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({addresses.host_of(self.url), addresses.host_of(self.issuer)} - {""})


@dataclass(frozen=True, kw_only=True)
class Found:
    """The server, the resource that tokens are asked for, and the scopes to ask for.

    `guessed`: it published nothing, so its addresses are those of 2025-03-26.
    """

    server: OAuthMetadata
    resource: str
    scope: str
    guessed: bool = False

    @property
    def issuer(self) -> str:
        return str(self.server.issuer)


async def discover(http: Http, target: Target, note: Note) -> Found:
    """Look at each place where the rules allow it; SignInError where there is nothing to go on."""
    refused = await _knock(http, target, note)
    about = await _resource(http, target, refused, note)
    issuers = [str(url) for url in about.authorization_servers] if about else []
    server, guessed = await _server(http, target, issuers, note)
    if guessed and refused.status_code not in (401, 403):
        raise SignInError(Failure.NOT_NEEDED, f"HTTP {refused.status_code}")
    _check(server, target)
    scope = get_client_metadata_scopes(extract_scope_from_www_auth(refused), about, None) or ""
    offline = "offline_access" in (server.scopes_supported or [])
    if scope and offline and "offline_access" not in scope.split():
        scope = f"{scope} offline_access"
    await note("server", issuer=str(server.issuer))
    return Found(server=server, resource=_resource_of(target, about), scope=scope, guessed=guessed)


async def _knock(http: Http, target: Target, note: Note) -> httpx2.Response:
    """Ask without a token: the refusal may say where its metadata is, and which scopes it wants."""
    headers = {name: value for name, value in target.headers.items() if name.lower() != "authorization"}
    if target.sse:
        request = httpx2.Request("GET", target.url, headers={**headers, "Accept": "text/event-stream"})
    else:
        request = httpx2.Request("POST", target.url, headers={**headers, "Accept": ACCEPT}, json=HELLO)
    answer = await http.ask(request, target.hosts)
    await note("asked", url=target.url, status=answer.status_code)
    return answer


async def _resource(
    http: Http, target: Target, refused: httpx2.Response, note: Note
) -> ProtectedResourceMetadata | None:
    """What the service says of itself; None where it says nothing, as before 2025-06-18."""
    named = extract_resource_metadata_from_www_auth(refused)
    ill = ""
    for url in build_protected_resource_metadata_discovery_urls(named, target.url):
        answer = await _fetch(http, url, target, note)
        if in_trouble(answer):
            ill = f"{url}: HTTP {answer.status_code}"
        if (about := await handle_protected_resource_response(answer)) is None:
            continue
        ours = resource_url_from_server_url(target.url)
        if not check_resource_allowed(requested_resource=ours, configured_resource=str(about.resource)):
            raise SignInError(Failure.WRONG_RESOURCE, str(about.resource))
        return about
    if ill:
        raise SignInError(Failure.UNANSWERED, ill)
    return None


async def _fetch(http: Http, url: str, target: Target, note: Note) -> httpx2.Response:
    if not addresses.is_protected(url, target.url):
        raise SignInError(Failure.REFUSED_ADDRESS, f"{url}: http is not used for this")
    answer = await http.ask(create_oauth_metadata_request(url), target.hosts)
    await note("looked", url=url, status=answer.status_code)
    return answer


async def _server(http: Http, target: Target, issuers: list[str], note: Note) -> tuple[OAuthMetadata, bool]:
    """The metadata of the server that an admin named, or of the first in the list that has any."""
    chosen = [issuer for issuer in issuers if target.issuer and _same(issuer, target.issuer)]
    if target.issuer and issuers and not chosen:
        raise SignInError(Failure.WRONG_ISSUER, ", ".join(issuers))
    named = chosen or issuers or ([target.issuer] if target.issuer else [])
    failed: SignInError | None = None
    for issuer in named:
        try:
            if server := await _metadata(http, target, issuer, note):
                return server, False
        except SignInError as exc:
            failed = failed or exc
    if failed is not None:
        raise failed
    if named:
        raise SignInError(Failure.NO_METADATA, ", ".join(named))
    if server := await _metadata(http, target, "", note):
        return server, False
    return _usual(target.url), True


async def _metadata(http: Http, target: Target, issuer: str, note: Note) -> OAuthMetadata | None:
    """What *issuer* says of itself, or without one what the service's own origin says."""
    origin = _origin(target.url)
    for url in build_oauth_authorization_server_metadata_discovery_urls(issuer or None, target.url):
        answer = await _fetch(http, url, target, note)
        if in_trouble(answer):
            raise SignInError(Failure.UNANSWERED, f"{url}: HTTP {answer.status_code}")
        _, server = await handle_auth_metadata_response(answer)
        if server is None:
            continue
        if not _same(named := str(server.issuer), issuer or origin):
            raise SignInError(Failure.WRONG_ISSUER, f"{named} ≠ {issuer or origin}")
        return server
    return None


def _same(named: str, asked: str) -> bool:
    """To the letter, but for a slash at the end: with it and without, the metadata has the same address.

    Servers of Google and others are listed with one and call themselves without.
    """
    return named.removesuffix("/") == asked.removesuffix("/")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _usual(url: str) -> OAuthMetadata:
    """Where a server of 2025-03-26 that publishes nothing has its endpoints."""
    at = _origin(url)
    return OAuthMetadata.model_validate(
        {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "registration_endpoint": f"{at}/register",
            "code_challenge_methods_supported": ["S256"],
        }
    )


def _check(server: OAuthMetadata, target: Target) -> None:
    """That it does PKCE, which clients must look for, and that no secret goes there in clear."""
    if "S256" not in (server.code_challenge_methods_supported or []):
        raise SignInError(Failure.NO_PKCE, str(server.issuer))
    for url in (server.authorization_endpoint, server.token_endpoint, server.registration_endpoint):
        if url is not None and not addresses.is_protected(str(url), target.url):
            raise SignInError(Failure.REFUSED_ADDRESS, f"{url}: http is not used for this")


def _resource_of(target: Target, about: ProtectedResourceMetadata | None) -> str:
    return str(about.resource) if about else resource_url_from_server_url(target.url)


def metadata_of(stored: object) -> OAuthMetadata | None:
    """The metadata that was kept; None where that is not what it was."""
    try:
        return OAuthMetadata.model_validate(stored)
    except ValidationError:
        return None

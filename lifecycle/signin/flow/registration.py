"""As which client the console comes: registered by hand, by its document, by registration, in this order."""

from __future__ import annotations

import httpx2
from mcp.client.auth import OAuthRegistrationError
from mcp.client.auth.oauth2 import check_registration_usable
from mcp.client.auth.utils import (
    create_client_info_from_metadata_url,
    create_client_registration_request,
    handle_registration_response,
    is_valid_client_metadata_url,
    should_use_client_metadata_url,
)
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthMetadata
from pydantic import AnyUrl

from lifecycle.core.signin import about_us, addresses
from lifecycle.core.signin.failures import Failure, SignInError
from lifecycle.signin.flow.discovery import Found, Target
from lifecycle.signin.flow.http import Http, in_trouble, refusal

SECRETLY = ("client_secret_basic", "client_secret_post")
NOWHERE = frozenset({404, 405, 501})


def by_document(found: Found, public_url: str) -> OAuthClientInformationFull | None:
    """The client whose id is the address of our document, where the server reads such and can reach it."""
    url = about_us.document_url(public_url)
    if not (is_valid_client_metadata_url(url) and should_use_client_metadata_url(found.server, url)):
        return None
    client = create_client_info_from_metadata_url(url, [AnyUrl(about_us.callback_url(public_url))])
    return client.model_copy(update={"issuer": found.issuer})


def by_hand(found: Found, client_id: str, secret: str) -> OAuthClientInformationFull:
    """The client that an admin registered, which proves itself as the server likes it."""
    return OAuthClientInformationFull(
        client_id=client_id,
        client_secret=secret or None,
        token_endpoint_auth_method=_method(found.server, secret=True) if secret else "none",
        issuer=found.issuer,
    )


def _method(server: OAuthMetadata, *, secret: bool) -> str | None:
    """How to prove who we are; without a word of the server's, what RFC 7591 takes for granted."""
    offered = server.token_endpoint_auth_methods_supported
    if offered is None:
        return SECRETLY[0] if secret else None
    known = (*SECRETLY, *(() if secret else ("none",)))
    return next((method for method in known if method in offered), SECRETLY[0] if secret else None)


async def register(http: Http, target: Target, found: Found, redirect_uri: str) -> OAuthClientInformationFull:
    """Register with the server. It is asked for all its scopes, since services share the registration.

    A server that refuses that is asked for those of this service alone.
    """
    if found.server.registration_endpoint is None:
        raise SignInError(Failure.NO_CLIENT, found.issuer)
    every = " ".join(dict.fromkeys([*found.scope.split(), *(found.server.scopes_supported or [])]))
    answer = await _send(http, target, found, redirect_uri, every)
    if answer.status_code == 400 and every != found.scope:
        answer = await _send(http, target, found, redirect_uri, found.scope)
    if in_trouble(answer):
        raise SignInError(Failure.UNANSWERED, refusal(answer)[1])
    if answer.status_code in NOWHERE and found.guessed:
        raise SignInError(Failure.NO_METADATA, found.issuer)
    try:
        client = await handle_registration_response(answer)
        if client.token_endpoint_auth_method is None and client.client_secret:
            usual = _method(found.server, secret=True)
            client = client.model_copy(update={"token_endpoint_auth_method": usual})
        check_registration_usable(client)
    except OAuthRegistrationError as exc:
        refused = answer.status_code not in (200, 201)
        said = refusal(answer)[1] if refused else "the answer is no registration that can be used"
        raise SignInError(Failure.REGISTRATION, said) from exc
    return client.model_copy(update={"issuer": found.issuer})


async def _send(http: Http, target: Target, found: Found, redirect_uri: str, scope: str) -> httpx2.Response:
    about = OAuthClientMetadata(
        client_name=about_us.NAME,
        redirect_uris=[AnyUrl(redirect_uri)],
        token_endpoint_auth_method=_method(found.server, secret=False),  # type: ignore[arg-type]
        application_type="native" if addresses.is_loopback(redirect_uri) else "web",
        scope=scope or None,
    )
    return await http.ask(create_client_registration_request(found.server, about, found.issuer), target.hosts)

"""The token endpoint: a code, a refresh token or the client's own credentials against tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import httpx2
from mcp.client.auth import OAuthTokenError
from mcp.client.auth.oauth2 import OAuthContext, PKCEParameters, TokenStorage
from mcp.shared.auth import OAuthClientInformationFull, OAuthMetadata, OAuthToken
from pydantic import ValidationError

from lifecycle.core.signin import addresses
from lifecycle.core.signin.failures import Failure, SignInError
from lifecycle.signin.flow.discovery import Found
from lifecycle.signin.flow.http import in_trouble, refusal

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
UNUSABLE = "the answer holds no token that can be used"
CLIENT_UNKNOWN = frozenset({"invalid_client", "unauthorized_client"})


def authorization_url(
    found: Found, client: OAuthClientInformationFull, redirect_uri: str, state: str
) -> tuple[str, str]:
    """Where a person consents, and the verifier that proves later that it was us who asked."""
    pkce = PKCEParameters.generate()
    given = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": pkce.code_challenge,
        "code_challenge_method": "S256",
        "resource": found.resource,
    }
    if found.scope:
        given["scope"] = found.scope
    if "offline_access" in found.scope.split():
        given["prompt"] = "consent"
    return addresses.with_query(str(found.server.authorization_endpoint), given), pkce.code_verifier


def request(
    server: OAuthMetadata, client: OAuthClientInformationFull, resource: str, form: Mapping[str, str]
) -> httpx2.Request:
    """A request for tokens in which the client proves itself."""
    context = OAuthContext(
        server_url=resource,
        client_metadata=cast(Any, None),
        storage=cast(TokenStorage, None),
        redirect_handler=None,
        callback_handler=None,
        client_info=client,
    )
    data = {**form, "client_id": client.client_id, "resource": resource}
    try:
        data, headers = context.prepare_token_auth(data, dict(FORM))
    except OAuthTokenError as exc:
        raise SignInError(Failure.TOKEN, str(exc)) from exc
    return httpx2.Request("POST", str(server.token_endpoint), data=data, headers=headers)


def read(answer: httpx2.Response) -> OAuthToken:
    """The tokens in *answer*; SignInError with the server's own words where there are none.

    Some servers say an error with the status of a success.
    """
    error, said = refusal(answer)
    if in_trouble(answer):
        raise SignInError(Failure.UNANSWERED, said)
    if error in CLIENT_UNKNOWN:
        raise SignInError(Failure.CLIENT_UNKNOWN, said)
    if error or answer.status_code not in (200, 201):
        raise SignInError(Failure.TOKEN, said)
    try:
        return OAuthToken.model_validate_json(answer.content)
    except ValidationError as exc:
        wrong = ", ".join(str(part["loc"][0]) for part in exc.errors(include_input=False) if part["loc"])
        raise SignInError(Failure.TOKEN, f"{UNUSABLE} ({wrong or 'it is not JSON'})") from None


def revocation(
    server: OAuthMetadata, client: OAuthClientInformationFull, resource: str, token: str, kind: str
) -> httpx2.Request | None:
    """A request that ends a token; None where the server takes none."""
    if server.revocation_endpoint is None:
        return None
    asked = request(server, client, resource, {"token": token, "token_type_hint": kind})
    kept = {name: value for name, value in asked.headers.items() if name in ("content-type", "authorization")}
    return httpx2.Request("POST", str(server.revocation_endpoint), content=asked.content, headers=kept)

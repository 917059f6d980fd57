"""Whether an ID token is what it has to be: signed by the issuer, for us, now, for this very try."""

from __future__ import annotations

from hmac import compare_digest
from typing import Any

import jwt

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CLOCKS_DIFFER = 60
REQUIRED = ["iss", "sub", "aud", "exp", "iat"]


class BadTokenError(Exception):
    """The token proves nothing; the text says why, and holds nothing of it."""


def claims_of(token: str, keys: dict[str, Any], *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """What it says; BadTokenError. *keys* as the provider publishes them (JWKS)."""
    try:
        header = jwt.get_unverified_header(token)
        key = _key(header, keys)
        claims: dict[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=[header["alg"]],
            audience=client_id,
            issuer=issuer,
            leeway=CLOCKS_DIFFER,
            options={"require": REQUIRED},
        )
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as exc:
        raise BadTokenError(_said(exc)) from None
    _for_us(claims, client_id)
    if not isinstance(claims.get("nonce"), str) or not compare_digest(
        claims["nonce"].encode(), nonce.encode()
    ):
        raise BadTokenError("it is of another sign-in (nonce)")
    return claims


def _key(header: dict[str, Any], keys: dict[str, Any]) -> Any:
    """The published key that it names; without a name the only one. Never a shared secret."""
    if header.get("alg") not in ALGORITHMS:
        raise BadTokenError("it is signed in a way that is not accepted")
    known = jwt.PyJWKSet.from_dict(keys).keys
    named = [key for key in known if key.key_id == header.get("kid")] if header.get("kid") else known
    if len(named) != 1:
        raise BadTokenError("it is signed with a key that the provider does not publish")
    return named[0]


def _for_us(claims: dict[str, Any], client_id: str) -> None:
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", client_id) != client_id or (several and "azp" not in claims):
        raise BadTokenError("it is for another program (azp)")


def _said(exc: Exception) -> str:
    words: dict[type[Exception], str] = {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.InvalidAudienceError: "it is for another program (audience)",
        jwt.InvalidIssuerError: "it is of another issuer",
        jwt.InvalidSignatureError: "its signature is wrong",
        jwt.ImmatureSignatureError: "it is of the future; compare the clocks",
    }
    return words.get(type(exc), "it cannot be read")

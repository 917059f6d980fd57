"""What the console says of itself to authorization servers. Pure."""

from __future__ import annotations

from typing import Any

NAME = "MCPStore Console"
CALLBACK, DOCUMENT = "/oauth/callback", "/oauth/client.json"


def callback_url(public_url: str) -> str:
    """Where people are sent back to."""
    return f"{public_url}{CALLBACK}"


def document_url(public_url: str) -> str:
    """The client id of whoever is known by a document."""
    return f"{public_url}{DOCUMENT}"


def document(public_url: str) -> dict[str, Any]:
    """The client-id metadata document; its client id is its own address, to the letter."""
    return {
        "client_id": document_url(public_url),
        "client_name": NAME,
        "client_uri": public_url,
        "redirect_uris": [callback_url(public_url)],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "web",
    }

"""`mcp`'s own OAuth client with a person who agrees, to hold the authorization servers' doubles against."""

from __future__ import annotations

import asyncio
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from tests.doubles.authorization.person import agrees
from tests.doubles.authorization.protected import Double

BACK = "http://127.0.0.1:1/oauth/callback"
DOCUMENT = "https://console.example/oauth/client.json"


class Store:
    """A client's memory."""

    def __init__(self, client: OAuthClientInformationFull | None) -> None:
        self.tokens: OAuthToken | None = None
        self.client = client

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class ReferenceClient:
    """Signs in to *url*, as a client that is *known* there or as one that registers."""

    def __init__(self, url: str, known: Any = None, issuer: str = "") -> None:
        self.store = Store(OAuthClientInformationFull.model_validate(known) if known else None)
        self.url, self.sent = url, ""
        self.provider = self._provider(known or {}, issuer)

    @classmethod
    def of(cls, double: Double) -> Self:
        return cls(double.url, double.script.prior, double.issuing.issuer)

    def _provider(self, known: Any, issuer: str) -> OAuthClientProvider:
        if "client_credentials" in known.get("grant_types", ()):
            name, secret = known["client_id"], known["client_secret"]
            return ClientCredentialsOAuthProvider(self.url, self.store, name, secret, issuer=issuer)
        about = OAuthClientMetadata(redirect_uris=[AnyUrl(BACK)], client_name="reference")
        return OAuthClientProvider(self.url, about, self.store, self._show, self._back, DOCUMENT)

    async def _show(self, address: str) -> None:
        self.sent = address

    async def _back(self) -> AuthorizationCodeResult:
        said = parse_qs(urlsplit(await asyncio.to_thread(agrees, self.sent)).query)
        code, state, iss = (said.get(name, [None])[0] for name in ("code", "state", "iss"))
        return AuthorizationCodeResult(code=code or "", state=state, iss=iss)

    async def tools(self) -> list[str]:
        async with Client(StreamableHttpTransport(self.url, auth=self.provider)) as client:
            return [tool.name for tool in await client.list_tools()]

"""A FastMCP server, of version 3 or 4, that asks for a token: of its own making, or of another issuer.

It runs in an environment of its own, so it imports nothing of ours.
"""

from __future__ import annotations

import argparse
import importlib

from fastmcp import FastMCP
from fastmcp.server.auth import AuthProvider, RemoteAuthProvider
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from mcp.server.auth.settings import ClientRegistrationOptions, RevocationOptions
from pydantic import AnyHttpUrl


def own_issuer(here: str, lasts: int) -> AuthProvider:
    """All in its memory: whoever registered is unknown after a restart, and everybody agrees at once."""
    module = importlib.import_module("fastmcp.server.auth.providers.in_memory")
    module.DEFAULT_ACCESS_TOKEN_EXPIRY_SECONDS = lasts  # type: ignore[attr-defined]
    return InMemoryOAuthProvider(
        base_url=here,
        client_registration_options=ClientRegistrationOptions(enabled=True, valid_scopes=["use"]),
        revocation_options=RevocationOptions(enabled=True),
        required_scopes=["use"],
    )


def other_issuer(here: str, issuer: str) -> AuthProvider:
    verifier = IntrospectionTokenVerifier(
        introspection_url=f"{issuer}/introspect", client_id="resource", client_secret="of-the-resource"
    )
    return RemoteAuthProvider(verifier, [AnyHttpUrl(issuer)], base_url=here)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--issuer", default="")
    parser.add_argument("--lasts", type=int, default=3600)
    options = parser.parse_args()
    here = f"http://127.0.0.1:{options.port}"
    auth = other_issuer(here, options.issuer) if options.issuer else own_issuer(here, options.lasts)
    server = FastMCP("guarded", auth=auth)

    @server.tool
    def add(a: int, b: int) -> int:
        """Add two whole numbers."""
        return a + b

    server.run(
        transport="http",
        host="127.0.0.1",
        port=options.port,
        show_banner=False,
        log_level="error",
        uvicorn_config={"timeout_graceful_shutdown": 1},
    )


if __name__ == "__main__":
    main()

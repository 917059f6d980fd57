"""The MCP server behind an authorization server, and the two together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.doubles import protocol
from tests.doubles.authorization.issuing import AuthorizationServer, Grant
from tests.doubles.authorization.script import Answer, Fault, Json, Script, without_none
from tests.doubles.authorization.site import Request, listening

PATH = "/mcp"
RESOURCE_AT = {
    "path": f"/.well-known/oauth-protected-resource{PATH}",
    "root": "/.well-known/oauth-protected-resource",
    "elsewhere": "/about/this-resource.json",
}


class Double:
    """`methods` and `tokens` are of the requests it answered, `refused` counts the others."""

    def __init__(self, script: Script, issuing: AuthorizationServer) -> None:
        self.script, self.issuing, self.origin = script, issuing, ""
        self.methods: list[str] = []
        self.tokens: list[str] = []
        self.refused = 0
        self.described = 0

    @property
    def url(self) -> str:
        return self.origin + PATH

    @property
    def secrets(self) -> list[str]:
        return self.issuing.secrets

    def answer(self, request: Request) -> Answer | None:
        place = RESOURCE_AT.get(self.script.resource_at)
        if place is not None and request.path == place:
            self.described += 1
            return self._faulty("resource", self.described) or Answer(body=self.about())
        if request.path != PATH:
            return None
        return self._faulty("mcp", len(self.methods) + 1) or self._mcp(request)

    def _faulty(self, endpoint: str, turn: int) -> Answer | None:
        fault = self.script.faults.get(endpoint, Fault())
        within = fault.times is None or turn <= fault.times
        return fault.answer if within else None

    def about(self) -> Json:
        servers = [*self.script.before, self.issuing.issuer, *self.script.after]
        return without_none(
            {
                "resource": self.url,
                "authorization_servers": servers,
                "bearer_methods_supported": ["header"],
                **self.script.resource,
            }
        )

    def _mcp(self, request: Request) -> Answer:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self.issuing.access.get(token) if scheme == "Bearer" else None
        if grant is None or grant.ends < time.time() or grant.resource not in ("", self.url):
            return self._challenge(401, "invalid_token" if token else "", self.script.challenge_scope)
        if request.verb != "POST":
            return Answer(status=405)
        message = request.json()
        wanted = self._lacks(grant, message["method"])
        if wanted:
            return self._challenge(403, "insufficient_scope", wanted)
        self.methods.append(message["method"])
        self.tokens.append(token)
        if "id" not in message:
            return Answer(status=202)
        return Answer(body=protocol.answer(message, "ok", self.script.era))

    def _lacks(self, grant: Grant, method: str) -> str:
        wanted = self.script.needs.get(method) or self.script.needs.get("*", "")
        return "" if set(wanted.split()) <= set(grant.scope.split()) else wanted

    def _challenge(self, status: int, error: str, scope: str) -> Answer:
        self.refused += 1
        said = {"error": error, "scope": scope}
        if "resource_metadata" in self.script.challenge:
            said["resource_metadata"] = self.origin + RESOURCE_AT[self.script.resource_at]
        text = ", ".join(f'{name}="{value}"' for name, value in said.items() if value)
        return Answer(
            status=status,
            body={"error": error or "unauthorized"},
            headers={"WWW-Authenticate": f"{self.script.challenge_before}Bearer {text}".strip()},
        )


@contextmanager
def served(script: Script, port: int = 0) -> Iterator[Double]:
    """Both, each at its own origin unless they share one."""
    issuing = AuthorizationServer(script)
    double = Double(script, issuing)
    with ExitStack() as stack:
        site = stack.enter_context(listening(port))
        site.parts.append(double.answer)
        double.origin = issuing.origin = site.origin
        if script.same_origin:
            site.parts.append(issuing.answer)
        else:
            other = stack.enter_context(listening())
            other.parts.append(issuing.answer)
            issuing.origin = other.origin
        yield double

"""The authorization server: it holds clients to the rules, and remembers all secrets to search for them."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlencode

from tests.doubles.authorization.script import Answer, Fault, Json, Script, without_none
from tests.doubles.authorization.site import Request

MARK = "c4nary"
METADATA_AT = {
    "oauth": "/.well-known/oauth-authorization-server{path}",
    "openid": "/.well-known/openid-configuration{path}",
    "openid-appended": "{path}/.well-known/openid-configuration",
}
ENDPOINTS = {
    "authorization": "authorize",
    "token": "token",
    "registration": "register",
    "revocation": "revoke",
}
CODE, REFRESH, MACHINE = "authorization_code", "refresh_token", "client_credentials"


@dataclass(frozen=True)
class Grant:
    """What one access token is good for, and which agreement of a person it came from."""

    client: str
    scope: str
    resource: str
    ends: float
    consent: str


class Refused(Exception):
    """An error of RFC 6749 section 5.2."""

    def __init__(self, error: str, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.answer = Answer(status=status, body={"error": error, "error_description": why})


class AuthorizationServer:
    def __init__(self, script: Script) -> None:
        self.script, self.origin = script, ""
        self.clients: dict[str, Json] = {}
        self.documents: dict[str, Json] = {}
        self.codes: dict[str, Json] = {}
        self.access: dict[str, Grant] = {}
        self.refresh: dict[str, Grant] = {}
        self.spent: dict[str, Grant] = {}
        self.secrets: list[str] = []
        self.asked: list[tuple[str, Json]] = []
        self.watch: Callable[[str], None] = lambda endpoint: None
        self.lock = threading.RLock()
        if script.prior:
            self.clients[script.prior["client_id"]] = dict(script.prior)

    @property
    def issuer(self) -> str:
        return self.origin + self.script.issuer_path

    def count(self, endpoint: str) -> int:
        return Counter(name for name, _ in self.asked)[endpoint]

    def last(self, endpoint: str) -> Json:
        return next(said for name, said in reversed(self.asked) if name == endpoint)

    # what happens to it while clients hold its tokens

    def expire(self) -> None:
        """All access tokens end now; those that can be refreshed still can."""
        with self.lock:
            self.access.clear()

    def withdraw(self) -> None:
        """The person takes their consent back: nothing that came from it is good any more."""
        with self.lock:
            self.access.clear()
            self.refresh.clear()

    def forget_clients(self) -> None:
        """As after a restart of one that keeps its clients and tokens in memory."""
        with self.lock:
            self.clients.clear()
            self.access.clear()
            self.refresh.clear()

    def want_more(self) -> None:
        """From now on everything takes a scope that nobody has asked for."""
        self.script.needs = {"*": "admin"}

    def end_secrets(self) -> None:
        """The clients' secrets are over, as announced when they were given, and the access tokens too."""
        with self.lock:
            for client in self.clients.values():
                client["client_secret_expires_at"] = int(time.time()) - 1
            self.access.clear()

    # the endpoints

    def answer(self, request: Request) -> Answer | None:
        endpoint = self._endpoint(request)
        with self.lock:
            match endpoint:
                case "metadata":
                    return self._turn(endpoint, {}, lambda: Answer(body=self.metadata()))
                case "register":
                    wanted = request.json()
                    return self._turn(endpoint, wanted, lambda: self._register(wanted))
                case "authorize":
                    return self._turn(endpoint, request.query, lambda: self._authorize(request.query))
                case "revoke":
                    return self._turn(endpoint, request.form, lambda: self._revoke(request.form))
                case "introspect":
                    return self._introspect(request.form)
                case "token":
                    return self._token(request)
        return None

    def _endpoint(self, request: Request) -> str:
        path, place = self.script.issuer_path, METADATA_AT.get(self.script.metadata_at)
        if place is not None and request.path == place.format(path=path):
            return "metadata"
        name = request.path.removeprefix(path).removeprefix("/")
        return name if name in (*ENDPOINTS.values(), "introspect") else ""

    def _turn(self, endpoint: str, said: Json, right: Callable[[], Answer]) -> Answer:
        """The right answer, or what the script has in its place; then nothing is done for it."""
        self.asked.append((endpoint, said))
        fault = self.script.faults.get(endpoint, Fault())
        if fault.times is not None and self.count(endpoint) > fault.times:
            fault = Fault()
        try:
            chosen = fault.answer or right()
        except Refused as refused:
            chosen = refused.answer
        self.watch(endpoint)
        return replace(chosen, after=fault.after, lost=fault.lost)

    def metadata(self) -> Json:
        at = self.issuer
        found = {f"{name}_endpoint": f"{at}/{path}" for name, path in ENDPOINTS.items()}
        found["authorization_endpoint"] += self.script.authorize_query
        return without_none(
            {
                "issuer": at + self.script.issuer_ends,
                **found,
                "response_types_supported": ["code"],
                "grant_types_supported": [CODE, REFRESH, MACHINE],
                "token_endpoint_auth_methods_supported": list(self.script.methods),
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": self.script.says_iss,
                **self.script.metadata,
            }
        )

    def _register(self, wanted: Json) -> Answer:
        if not wanted.get("redirect_uris"):
            raise Refused("invalid_redirect_uri", "a client must say where it is sent back to")
        method = wanted.get("token_endpoint_auth_method")
        method = method if method in self.script.methods else self.script.methods[0]
        name = f"client-{self.count('register')}"
        made = {**wanted, "client_id": name, "token_endpoint_auth_method": method}
        if method != "none":
            made |= {"client_secret": self._secret("cs"), "client_secret_expires_at": self.script.secret_ends}
        self.clients[made["client_id"]] = made
        return Answer(status=201, body=made)

    def _authorize(self, query: Json) -> Answer:
        """A person who agrees at once. Without a client that is known nobody is sent anywhere."""
        client = self._known(query.get("client_id", ""))
        back = query.get("redirect_uri")
        if client is None or back not in client.get("redirect_uris", [back]):
            return Answer(status=400, kind="text/html", body="<h1>Unknown client</h1>")
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            said = {"error": "invalid_request", "error_description": "code and S256 are wanted"}
        elif self.script.refuses:
            said = {"error": self.script.refuses, "error_description": "The person said no"}
        else:
            said = {"code": self._secret("co")}
            self.codes[said["code"]] = query
        said |= {"state": query.get("state", "")} | self._iss()
        said = without_none({**said, **self.script.callback})
        return Answer(status=302, headers={"Location": f"{back}?{urlencode(said)}"})

    def _iss(self) -> Json:
        """RFC 9207: the issuer to the letter as its metadata has it."""
        ends = self.script.issuer_ends if self.script.iss_ends is None else self.script.iss_ends
        return {"iss": self.issuer + ends} if self.script.says_iss else {}

    def _token(self, request: Request) -> Answer:
        form, kind = request.form, request.form.get("grant_type", "")
        self.secrets += [form["code_verifier"]] if "code_verifier" in form else []
        endpoint = "refresh" if kind == REFRESH else "token"
        return self._turn(endpoint, form, lambda: self._granted(kind, self._client(request), form))

    def _client(self, request: Request) -> str:
        """Who asks, proved in the one way that it registered for."""
        form, basic = request.form, request.headers.get("authorization", "")
        name: str = form.get("client_id", "")
        secret, used = form.get("client_secret"), "client_secret_post"
        if basic.startswith("Basic "):
            name, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
            name, secret, used = unquote(name), unquote(secret), "client_secret_basic"
        client = self._known(name)
        if client is None:
            raise Refused("invalid_client", "no such client", 401)
        used = "none" if secret is None else used
        wanted, ends = client["token_endpoint_auth_method"], client.get("client_secret_expires_at", 0)
        if used != wanted or secret != client.get("client_secret") or 0 < ends < time.time():
            raise Refused("invalid_client", f"{used} is not how this client proves itself", 401)
        return name

    def _known(self, name: str) -> Json | None:
        document = self.documents.get(name)
        return self.clients.get(name) or (document and {"token_endpoint_auth_method": "none", **document})

    def _granted(self, kind: str, client: str, form: Json) -> Answer:
        match kind:
            case "authorization_code":
                return self._tokens(self._by_code(client, form))
            case "refresh_token":
                return self._tokens(self._by_refresh(client, form))
            case "client_credentials":
                return self._tokens(self._grant(client, form, secrets.token_hex(4)), alone=True)
        raise Refused("unsupported_grant_type", kind)

    def _by_code(self, client: str, form: Json) -> Grant:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or (asked["client_id"], asked["code_challenge"]) != (client, challenge):
            raise Refused("invalid_grant", "no such code for this client and verifier")
        if asked["redirect_uri"] != form.get("redirect_uri") or asked.get("resource") != form.get("resource"):
            raise Refused("invalid_grant", "asked for with another redirect_uri or resource")
        return self._grant(client, asked, secrets.token_hex(4))

    def _by_refresh(self, client: str, form: Json) -> Grant:
        """One that comes twice was stolen, as far as a server can know: all from that consent ends."""
        token = form.get("refresh_token", "")
        if token in self.spent and not self.script.forgives:
            self._end(self.spent[token].consent)
            raise Refused("invalid_grant", "this refresh token was used before")
        grant = self.refresh.get(token) or self.spent.get(token)
        if grant is None or grant.client != client:
            raise Refused("invalid_grant", "no such refresh token")
        if self.script.rotates:
            self.spent[token] = grant
            self.refresh = {name: one for name, one in self.refresh.items() if one.consent != grant.consent}
        return self._grant(client, {"scope": grant.scope, "resource": grant.resource}, grant.consent)

    def _end(self, consent: str) -> None:
        self.access = {name: one for name, one in self.access.items() if one.consent != consent}
        self.refresh = {name: one for name, one in self.refresh.items() if one.consent != consent}

    def _grant(self, client: str, asked: Json, consent: str) -> Grant:
        ends = time.time() + self.script.lasts
        return Grant(client, asked.get("scope", ""), asked.get("resource", ""), ends, consent)

    def _tokens(self, grant: Grant, alone: bool = False) -> Answer:
        token = self._secret("at")
        said: Json = {"token_type": "Bearer", "expires_in": self.script.lasts}
        self.access[token] = grant
        said |= {"access_token": token} | ({"scope": grant.scope} if grant.scope else {})
        again = next((old for old, one in self.refresh.items() if one.consent == grant.consent), None)
        if self.script.refreshes and not alone and again is None:
            said["refresh_token"] = self._secret("rt")
            self.refresh[said["refresh_token"]] = grant
        return Answer(body=without_none({**said, **self.script.token}), headers={"Cache-Control": "no-store"})

    def _revoke(self, form: Json) -> Answer:
        """RFC 7009: a token that is not known is as good as revoked."""
        token = form.get("token", "")
        if grant := self.refresh.get(token) or self.access.get(token):
            self._end(grant.consent)
        return Answer()

    def _introspect(self, form: Json) -> Answer:
        """RFC 7662, for an MCP server that is not ours."""
        grant = self.access.get(form.get("token", ""))
        if grant is None or grant.ends < time.time():
            return Answer(body={"active": False})
        about = {"client_id": grant.client, "scope": grant.scope, "aud": grant.resource}
        return Answer(body={"active": True, "exp": int(grant.ends), **about})

    def _secret(self, kind: str) -> str:
        """The mark is in every part of it, so that one cut short is found too."""
        made = "-".join([kind, *(f"{MARK}{secrets.token_hex(3)}" for _ in range(4))])
        self.secrets.append(made)
        return made

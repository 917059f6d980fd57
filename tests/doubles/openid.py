"""A provider of OpenID Connect on loopback that signs real tokens; each of its answers can be spoiled."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

Json = dict[str, Any]
CLIENT, SECRET = "console", "a-secret-of-the-console"


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class OpenIdDouble:
    """Lets `person` in at once. `claims` change what is signed, `sign` how, `discovery` its own page."""

    def __init__(self) -> None:
        self.person: Json = {"sub": "0001", "preferred_username": "ada", "email": "ada@corp.example"}
        self.person["groups"] = ["ops"]
        self.claims: Json = {}
        self.discovery: Json = {}
        self.userinfo: Json = {}
        self.key, self.stranger, self.kid = _key(), _key(), "k1"
        self.sign: Callable[[Json], str] = self.signed
        self.says_no = ""
        self.asked: Json = {}
        self.seen: list[str] = []
        self._codes: dict[str, Json] = {}
        self._tokens: dict[str, Json] = {}
        self.url = ""

    def signed(self, claims: Json, key: Any = None) -> str:
        return jwt.encode(claims, key or self.key, "RS256", headers={"kid": self.kid})

    def answer(self, path: str, query: Json, form: Json, headers: Any) -> tuple[int, Json | str]:
        """Status, and JSON or the address to go on to."""
        self.seen.append(path)
        match path:
            case "/.well-known/openid-configuration":
                return 200, self._about()
            case "/keys":
                public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
                return 200, {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}
            case "/authorize":
                return 302, self._let_in(query)
            case "/token":
                return self._token(form)
            case "/userinfo":
                return 200, {**self.person, **self.userinfo}
        return 404, {}

    def _about(self) -> Json:
        ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        found = {f"{name}_endpoint": f"{self.url}/{path}" for name, path in ends.items()}
        auth = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **found, **auth, **self.discovery}

    def _let_in(self, query: Json) -> str:
        self.asked, code = query, secrets.token_urlsafe(12)
        self._codes[code] = query
        said = {"error": self.says_no} if self.says_no else {"code": code}
        return f"{query['redirect_uri']}?{urlencode({**said, 'state': query['state']})}"

    def _token(self, form: Json) -> tuple[int, Json]:
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        known = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if asked is None or not known or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        about = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        said = {**self.person, **about, **self.claims}
        token = self.sign({key: value for key, value in said.items() if value is not None})
        return 200, {"access_token": "at", "token_type": "Bearer", "expires_in": 300, "id_token": token}


@contextmanager
def openid_double() -> Iterator[OpenIdDouble]:
    double = OpenIdDouble()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._answer(_flat(body))

        def _answer(self, form: Json) -> None:
            parts = urlsplit(self.path)
            status, said = double.answer(parts.path, _flat(parts.query), form, self.headers)
            body = b"" if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            if isinstance(said, str):
                self.send_header("Location", said)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _flat(text: str) -> Json:
    return {name: values[0] for name, values in parse_qs(text).items()}

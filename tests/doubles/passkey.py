"""A security key in software: makes passkeys and signs with them, as a browser hands both on."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

Flag = AuthenticatorData.FLAG
Json = dict[str, Any]


@dataclass
class SecurityKey:
    """One key pair. `origin`: the page on which its owner believes to be."""

    origin: str = "https://testserver"
    rp: str = "testserver"
    verified: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    number: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    owner: str = ""

    def made(self, options: Json) -> Json:
        """What the browser says once a passkey of these options is there."""
        wanted = options["publicKey"]
        self.owner = wanted["user"]["id"]
        key = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        data = self._data(AttestedCredentialData.create(Aaguid.NONE, self.number, key))
        attested = AttestationObject.create("none", data, {})
        client = self._client("webauthn.create", wanted["challenge"])
        response = {"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(attested)}
        return {**self._named(response), "clientExtensionResults": {"credProps": {"rk": True}}}

    def signed(self, options: Json) -> Json:
        """What it says to a page that asks who is there."""
        data = self._data(None)
        client = self._client("webauthn.get", options["publicKey"]["challenge"])
        said = bytes(data) + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(self.key.sign(said, ec.ECDSA(hashes.SHA256()))),
            "userHandle": self.owner,
        }
        return {**self._named(response), "clientExtensionResults": {}}

    def _named(self, response: Json) -> Json:
        number = websafe_encode(self.number)
        return {"id": number, "rawId": number, "type": "public-key", "response": response}

    def _data(self, credential: AttestedCredentialData | None) -> AuthenticatorData:
        flags = Flag.UP | (Flag.UV if self.verified else Flag(0)) | (Flag.AT if credential else Flag(0))
        digest = hashlib.sha256(self.rp.encode()).digest()
        made: AuthenticatorData = AuthenticatorData.create(digest, flags, 1, credential or b"")
        return made

    def _client(self, kind: str, challenge: str) -> CollectedClientData:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return CollectedClientData(json.dumps(said).encode())

"""Encrypt exported secrets with a passphrase: a block beside `mcpServers`."""

from __future__ import annotations

import base64
import json
import os
import unicodedata
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from registry.core.documents import reading
from registry.errors import InvalidConfigError

KEY = "secrets"
_MARKS = tuple("scrypt".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))
SHORTEST = 12
COST = {"n": 2**15, "r": 8, "p": 1}


def _box(passphrase: str, salt: bytes) -> Fernet:
    # An accented letter is one character on one keyboard and two on another.
    typed = unicodedata.normalize("NFC", passphrase)
    kdf = Scrypt(salt=salt, length=32, **COST)
    return Fernet(base64.urlsafe_b64encode(kdf.derive(typed.encode("utf-8", "surrogatepass"))))


def lock(values: Mapping[str, str], passphrase: str) -> dict[str, Any]:
    """The block for these values; InvalidConfigError for a passphrase that is too short."""
    if len(passphrase) < SHORTEST:
        raise InvalidConfigError(
            "passphrase", f"is shorter than {SHORTEST} characters", "Choose a longer one"
        )
    salt = os.urandom(16)
    sealed = _box(passphrase, salt).encrypt(json.dumps(dict(values)).encode())
    return {"kdf": "scrypt", **COST, "salt": base64.b64encode(salt).decode(), "sealed": sealed.decode()}


def locked_block(document: object, limit: int = reading.MAX_BYTES) -> dict[str, Any] | None:
    """The block of a document that has one; a tree is one that `reading.read` gave. *limit* is in bytes."""
    tree = _tree(document, limit) if isinstance(document, (str, bytes)) else document
    block = tree.get(KEY) if isinstance(tree, dict) else None
    return block if isinstance(block, dict) and block.get("kdf") == "scrypt" else None


def _tree(document: str | bytes, limit: int) -> object:
    """Only our own exports have such a block, and they are JSON."""
    marks: tuple[Any, ...] = ("scrypt",) if isinstance(document, str) else _MARKS
    if not any(mark in document for mark in marks):
        return None
    try:
        return reading.read(document, limit)
    except InvalidConfigError:
        return None


def unlock(block: Mapping[str, Any], passphrase: str) -> dict[str, str]:
    """The values again; InvalidConfigError when it does not open. Costs that it names are not obeyed."""
    try:
        salt = base64.b64decode(str(block.get("salt", "")), validate=True)
        opened = _box(passphrase, salt).decrypt(str(block.get("sealed", "")).encode())
        return {str(name): str(value) for name, value in json.loads(opened).items()}
    except (InvalidToken, InvalidTag, ValueError):
        what = "does not open with this passphrase" if passphrase else "needs its passphrase"
        raise InvalidConfigError(KEY, what, "Give the one of the export; nothing was changed") from None

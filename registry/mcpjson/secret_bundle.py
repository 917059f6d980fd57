"""Export and import of secret values beside their document, encrypted with a passphrase."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from registry.access import audit
from registry.agents import operations as agent_operations
from registry.agents.operations import GLOBAL_AGENT
from registry.core.documents import reading
from registry.core.entries import filling
from registry.errors import InvalidConfigError
from registry.mcpjson import passphrase
from registry.models import Secret
from registry.secrets import vault


def export(phrase: str, *, agent: str = GLOBAL_AGENT, by: str, now: datetime) -> dict[str, Any]:
    """An agent's document with its secret values beside it, locked with the passphrase; audited.

    InvalidConfigError for a passphrase that is too short, AgentNotFoundError.
    """
    content = agent_operations.document(agent_operations.get(agent))
    found = _values(content)
    content[passphrase.KEY] = passphrase.lock(found, phrase)
    audit.note(by, "secrets exported", agent, f"{len(found)} values", now=now)
    return content


def _values(content: dict[str, Any]) -> dict[str, str]:
    names = {name for entry in content["mcpServers"].values() for name in filling.all_references(entry)}
    rows = Secret.objects.order_by("name").values_list("name", "ciphertext")
    return {name: vault.unseal(sealed) for name, sealed in rows.iterator() if name in names}


def is_locked(document: object, limit: int = reading.MAX_BYTES) -> bool:
    """Whether secret values stand locked in the document; *limit* is what it may have, in bytes."""
    return passphrase.locked_block(document, limit) is not None


def values(document: object, phrase: str, limit: int = reading.MAX_BYTES) -> dict[str, str]:
    """The document's values, by the names that it asks for.

    InvalidConfigError where they do not open, and for a passphrase to a document that holds none.
    """
    block = passphrase.locked_block(document, limit)
    if block is None:
        what, remedy = "was given, but the document contains no encrypted values", "Leave it out"
        raise InvalidConfigError("passphrase", what, remedy)
    return passphrase.unlock(block, phrase)

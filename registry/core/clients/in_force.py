"""Which keys of an entry do something here; the others are kept for the client that they came from."""

from __future__ import annotations

from typing import Any

from registry.core.clients import headers, limits
from registry.core.clients.recognition import MARK
from registry.core.documents import upstream
from registry.core.entries import needs
from registry.core.entries.entry import START_LIMIT
from registry.core.secrecy.redact import KEPT, USED, WRITTEN

_TAKEN_OVER = {
    *headers.NAMES,
    *limits.CALL_FROM,
    *limits.START_FROM,
    *WRITTEN,
    *(
        "bearer_token",
        "bearerToken",
        "isActive",
        "cmd",
        "baseUrl",
        "transportType",
        START_LIMIT,
        MARK,
        upstream.KEY,
    ),
}
HOLD_HEADERS = ("requestOptions", "requestInit")


def is_in_force(key: str, value: Any, client: str) -> bool:
    """Whether it does something here, or is a remark."""
    if key in USED | KEPT or key in _TAKEN_OVER or (key == "apiKey" and client == "continue"):
        return True
    return needs.says(key, value) or key.startswith(("_", "$"))

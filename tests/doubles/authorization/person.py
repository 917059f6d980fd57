"""The browser of a person who says yes."""

from __future__ import annotations

import httpx2


def agrees(address: str) -> str:
    """Where the authorization server sends the browser back to, with the code in it."""
    answer = httpx2.get(address, follow_redirects=False, trust_env=False)
    if answer.status_code != 302:
        raise AssertionError(f"{answer.status_code} and no way back: {answer.text}")
    return answer.headers["location"]

"""What looks like a credential, by its name or by itself."""

from __future__ import annotations

import re

_NAMES = re.compile(
    r"(?:^|[^a-z])(?:api|access|auth|private|secret|subscription|functions?|session|service|client)?[-_ ]?"
    r"(?:keys?|tokens?|secrets?|passwords?|passwd|pwd|passphrase|credentials?|authorization|auth|bearer|"
    r"signature|sig|cookie|jwt|pat|dsn|code)(?:$|[^a-z])"
)
_KNOWN = re.compile(
    r"(?:sk|pk|rk|sbp|lin_api|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abeoprs]|npm|hf|pypi|key|tok|mcps|whsec)[-_]"
    r"[A-Za-z0-9._-]{12,}\Z|AKIA[0-9A-Z]{12,}\Z|AIza[\w-]{20,}\Z|ya29\.[\w.-]{10,}\Z|"
    r"eyJ[\w-]{8,}\.[\w.-]{8,}\Z"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_WORD = re.compile(r"[A-Za-z0-9+/_=~.-]{16,}\Z")
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def names_one(name: str) -> bool:
    """Whether a value of this name is a credential: apiKey, --access-token, PASSWORD."""
    return bool(_NAMES.search(_CAMEL.sub("_", name[:200]).lower()))


def looks_like_one(value: str) -> bool:
    """Whether a value gives itself away: known prefix, UUID, or a long run of letters and digits mixed."""
    if len(value) < 16:
        return False
    if _KNOWN.match(value) or _UUID.match(value):
        return True
    if value.startswith(("/", "./", "../", "~/")):
        return False
    return bool(_WORD.match(value)) and any(_mixed(run) for run in _RUN.findall(value))


def _mixed(run: str) -> bool:
    digits = sum(char.isdigit() for char in run)
    return digits >= 2 and digits < len(run)

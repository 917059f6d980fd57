"""What looks like a credential, by its name or by itself."""

from __future__ import annotations

import re

_NAMES = re.compile(
    r"(?:^|[^a-z])(?:api|access|auth|private|secret|subscription|functions?|session|service|client)?[-_ ]?"
    r"(?:keys?|tokens?|secrets?|passwords?|passwd|pwd|passphrase|credentials?|authorization|auth|bearer|"
    r"signature|sig|cookie|jwt|pat|dsn)(?:$|[^a-z])"
    r"|(?:passwords?|passwd|pwd|passphrase)(?:$|[^a-z])"
    r"|(?:^|[^a-z])(?:access|auth|authorization|secret|private|client)[-_ ]?code(?:$|[^a-z])"
)
_CODE = re.compile(r"(?:^|[^a-z])code$")
_COUNTED = re.compile(r"(?:^|[^a-z])tokens$")
_ABOUT = re.compile(r"[-_ ](?:types?|urls?|uri|endpoint|methods?)$")
"""Words that say something about a credential: `auth_type`, `token_url`."""
_TELEGRAM = r"(?:bot)?\d{8,12}:[A-Za-z0-9_-]{35}"
_KNOWN = re.compile(
    r"(?:sk|pk|rk|sbp|lin_api|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abeoprs]|npm|hf|pypi|key|tok|mcp[as]|whsec)[-_]"
    r"[A-Za-z0-9._-]{12,}\Z|AKIA[0-9A-Z]{12,}\Z|AIza[\w-]{20,}\Z|ya29\.[\w.-]{10,}\Z|"
    rf"eyJ[\w-]{{8,}}\.[\w.-]{{8,}}\Z|{_TELEGRAM}\Z"
)
KNOWN_INSIDE = re.compile(
    r"(?<![A-Za-z0-9_-])(?:(?:sk|rk|sbp|lin_api|gh[pousr]|github_pat|glpat|xox[abeoprs]|npm|hf|pypi|mcp[as]|whsec)[-_]"
    r"(?=[A-Za-z0-9._-]*\d)[A-Za-z0-9._-]{12,}|AKIA[0-9A-Z]{12,}|AIza[\w-]{20,}|ya29\.[\w.-]{10,}|"
    rf"eyJ[\w-]{{8,}}\.[\w.-]{{8,}}|{_TELEGRAM}(?![\w-]))"
)
_PASSWORDS = re.compile(r"(?:(?:^|[^a-z])(?:secret|pin)|passwords?|passwd|pwd|passphrase)$")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_WORD = re.compile(r"[A-Za-z0-9+/_=~.-]{16,}\Z")
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def names_one(name: str, value: str = "") -> bool:
    """Whether a value of this name is a credential: apiKey, --access-token, PASSWORD.

    What the *value* is can decide: so many tokens are none, and a code is one if it is no word or number.
    """
    spelled = _CAMEL.sub("_", name[:200]).lower()
    if _ABOUT.search(spelled) or (value.strip().isdecimal() and _COUNTED.search(spelled)):
        return False
    return bool(_NAMES.search(spelled) or (len(value) >= 12 and _CODE.search(spelled) and opaque(value)))


def opaque(value: str, mixed: int = 12) -> bool:
    """Whether a value is no word of a language: digits among letters, or capitals in a text so long."""
    letters = "".join(filter(str.isalpha, value))
    if len(letters) < 2:
        return False
    capitals = any(map(str.isupper, letters[1:])) and any(map(str.islower, letters))
    return any(map(str.isdigit, value)) or (len(value) >= mixed and capitals)


def names_password(name: str) -> bool:
    """Whether even a number of this name is a credential, where `max_tokens` and `keys` count something."""
    return bool(_PASSWORDS.search(_CAMEL.sub("_", name[:200]).lower()))


def is_uuid(value: str) -> bool:
    """Whether it is a UUID: some services hand them out as tokens, most give them to everything."""
    return bool(_UUID.match(value))


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

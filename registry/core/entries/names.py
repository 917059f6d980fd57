"""Names of services: what is possible, and the nearest possible one for what is not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from registry.core.documents.places import Place, shorten, show
from registry.errors import InvalidConfigError

LIMIT = 64
_POSSIBLE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
# Cyrillic and Greek letters that look like Latin ones.
_FOREIGN = (
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u04bb\u0501\u0410\u0412\u0415"
    "\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405\u03bf\u03bd\u0391\u0392"
    "\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
)
_TO_LATIN = str.maketrans(_FOREIGN, "aeopcxyijshdABEKMHOPCTXIJSovABEZHIKMNOPTYX")
_TO_SKELETON = str.maketrans("01_.", "ol--")
_WRAPPING = frozenset(
    {"mcpServers", "servers", "context_servers", "mcp_servers", "mcp", "projects", "extensions"}
)
_RULE = "Use 1 to 64 letters, digits, dots, underscores and hyphens"


def possible(name: str) -> bool:
    """Whether a service may be called so; a name of dots alone would be lost in an address."""
    return bool(_POSSIBLE.match(name)) and bool(name.strip("."))


def suggest(name: str) -> str:
    """The nearest possible name; the same for the same input."""
    folded = (
        unicodedata.normalize("NFKD", name[:1000].translate(_TO_LATIN)).encode("ascii", "ignore").decode()
    )
    joined = re.sub(r"[^A-Za-z0-9._]+", "-", folded).strip("-._")[:LIMIT].rstrip("-._")
    return joined or "service"


def beside(name: str, place: Place, taken: Collection[str]) -> str:
    """A free name for one of several of a name: with the folder or profile that it stands in, or a number."""
    words = [part for part in place[:-1] if isinstance(part, str) and part not in _WRAPPING]
    folder = re.split(r"[\\/]", words[-1].rstrip("\\/"))[-1] if words else ""
    wanted = [suggest(f"{name}-{folder}")] if folder else []
    numbered = (f"{name[: LIMIT - 5]}-{number}" for number in range(2, 10_000))
    return next((one for one in (*wanted, *numbered) if one not in taken), "")


def skeleton(name: str) -> str:
    """What two names have in common that a hurried reader takes for one."""
    return name.casefold().translate(_TO_SKELETON)


def _foreign(name: str) -> str:
    """Which letter of it only looks like one of ours; empty where none does."""
    letter = next((char for char in name[:1000] if char in _FOREIGN), "")
    return f": it has a {unicodedata.name(letter).lower()}, which only looks right" if letter else ""


def check(name: object, place: Place) -> str:
    """The name, when it is one; InvalidConfigError with a corrected one offered when it is not."""
    if not isinstance(name, str) or not name:
        raise InvalidConfigError(
            show(place), "has no name", 'Add "name": "…" to it, or put it under its name'
        )
    if possible(name):
        return name
    better = suggest(name)
    what = f'"{shorten(name)}" is not possible as a name{_foreign(name)}'
    raise InvalidConfigError(show(place), what, f'{_RULE}, for instance "{better}"', suggestion=better)

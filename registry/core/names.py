"""Names of services: what is possible, and the nearest possible one for what is not."""

from __future__ import annotations

import re
import unicodedata

from registry.core.places import Place, shorten, show
from registry.errors import InvalidConfigError

LIMIT = 64
_POSSIBLE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_RULE = "Use 1 to 64 letters, digits, dots, underscores and hyphens"


def possible(name: str) -> bool:
    """Whether a service may be called so; a name of dots alone would be lost in an address."""
    return bool(_POSSIBLE.match(name)) and bool(name.strip("."))


def suggest(name: str) -> str:
    """The nearest possible name; the same for the same input."""
    folded = unicodedata.normalize("NFKD", name[:1000]).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^A-Za-z0-9._]+", "-", folded).strip("-._")[:LIMIT].rstrip("-._")
    return joined or "service"


def check(name: object, place: Place) -> str:
    """The name, when it is one; InvalidConfigError with a corrected one offered when it is not."""
    if not isinstance(name, str) or not name:
        raise InvalidConfigError(
            show(place), "has no name", 'Add "name": "…" to it, or put it under its name'
        )
    if possible(name):
        return name
    better = suggest(name)
    what = f'"{shorten(name)}" is not possible as a name'
    raise InvalidConfigError(show(place), what, f'{_RULE}, for instance "{better}"', suggestion=better)

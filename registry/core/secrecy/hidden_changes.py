"""Changes that the diff of two entries does not show, since both sides hide the value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from registry.core.documents.places import Place
from registry.core.entries.filling import MASK
from registry.core.entries.placeholders import SECRET

MOST = 10


def hidden_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], renewed: Collection[str]
) -> list[Place]:
    """Where both look the same but hold something else: another reference, or one that is *renewed*."""
    old = dict(_texts(before, ()))
    return [
        at
        for at, text in _texts(after, ())
        if at in old
        and SECRET.sub(MASK, old[at]) == SECRET.sub(MASK, text)
        and (old[at] != text or not set(SECRET.findall(text)).isdisjoint(renewed))
    ]


def _texts(node: Any, at: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(node, str):
        yield at, node
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from _texts(value, (*at, key))

"""Corrections of wrong entries in an import, without their secrets going out and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from registry.core.documents import reading
from registry.core.documents.dialects import Found
from registry.core.documents.places import show
from registry.core.documents.trees import mapped
from registry.core.entries import filling
from registry.core.entries.placeholders import SECRET
from registry.core.secrecy import redact
from registry.core.secrecy.primitives import Cut
from registry.errors import InvalidConfigError

_MARK = re.compile(r'"\\u0000(\d{1,9})\\u0000"')


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Another name, another entry's text, or both; what is empty stays as it was."""

    name: str = ""
    text: str = ""


def applied(found: Sequence[Found], corrections: Mapping[int, Correction]) -> tuple[Found, ...]:
    """The entries with these corrections, by their number in the document."""
    return tuple(
        _corrected(item, corrections[number]) if number in corrections else item
        for number, item in enumerate(found)
    )


def _corrected(item: Found, correction: Correction) -> Found:
    given = item.name if item.given is None else item.given
    guessed = item.guessed and not correction.name
    named = replace(item, name=correction.name or item.name, given=given, guessed=guessed)
    if not correction.text.strip():
        return named
    try:
        return replace(named, raw=_read(item, correction.text), problem=None)
    except InvalidConfigError as exc:
        wrong = InvalidConfigError(show(item.place), f"{exc.what} ({exc.where})", exc.remedy)
        return replace(named, problem=wrong)


def _read(item: Found, text: str) -> Any:
    """The text's entry; dots in it stand for what stood there."""
    tree = reading.read(text)
    if not isinstance(tree, dict):
        raise InvalidConfigError(
            "entry", "must be an object", 'Write {"command": "…"} or {"url": "https://…"}'
        )
    cut = _cut(item)
    return filling.fill_everywhere(filling.unmask(tree, cut.entry, item.place), cut.literals)


def _cut(item: Found) -> Cut:
    return redact.cut(str(item.name)[:64], item.raw) if isinstance(item.raw, dict) else Cut()


def masked(item: Found) -> dict[str, Any]:
    """The entry with dots for every value that stands in the document itself; references stay."""
    cut = _cut(item)
    hidden: dict[str, Any] = mapped(
        cut.entry,
        lambda text: SECRET.sub(lambda hit: filling.MASK if hit[1] in cut.literals else hit[0], text),
    )
    return hidden


def shown(item: Found) -> str:
    """The entry as a text to correct: dots for values; what cannot be stays as it was written, and wrong."""
    flaws: list[str] = []

    def mark(flaw: reading.Flaw) -> str:
        flaws.append(flaw.text)
        return f"\0{len(flaws) - 1}\0"

    text = json.dumps(masked(item), indent=2, ensure_ascii=False, default=mark)
    text = _MARK.sub(lambda hit: flaws[int(hit[1])] if int(hit[1]) < len(flaws) else hit[0], text)
    return text.encode("utf-8", "backslashreplace").decode()

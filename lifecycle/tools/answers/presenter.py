"""The outcome of a tool call in words and parts. Nothing in it is trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.core.playground.kinds import is_json_equal
from lifecycle.pages import humanize
from lifecycle.tools.answers.tree import Branch, tree
from lifecycle.tools.playground.presenter import sentence
from lifecycle.tools.playground.validation import problems
from lifecycle.tools.presenter import clip

LONGEST_ERROR: Final = 4_000
LONGEST_OUTCOME: Final = 100_000
PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SOUNDS: Final = frozenset(
    {
        "audio/wav",
        "audio/x-wav",
        "audio/mpeg",
        "audio/mp3",
        "audio/ogg",
        "audio/webm",
        "audio/aac",
        "audio/mp4",
    }
)
LARGEST_PICTURE: Final = 1_500_000
MOST_PARTS: Final = 200
MOST_PROBLEMS: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of an answer: a text, a tree, a picture as a data URL, or words about something else.

    `held` is its number where its bytes can be fetched; `sound` says that these can be played.
    """

    text: str = ""
    tree: Branch | None = None
    picture: str = ""
    sound: bool = False
    held: int | None = None
    name: str = ""
    address: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The outcome of a tool call, ready to show."""

    ok: bool
    took: str
    error: str
    parts: list[Part]
    structured: Branch | None
    fits: bool | None
    unfit: list[str]


def answer_of(outcome: Mapping[str, Any], output_schema: Any = None) -> Answer:
    """What the worker wrote down of a call, held against what the tool says of its answers."""
    took, structured, content = (outcome.get(key) for key in ("duration_ms", "structured", "content"))
    blocks = content[:MOST_PARTS] if isinstance(content, list) else []
    parts = [part_of(block, at) for at, block in enumerate(blocks)]
    error = clip(str(outcome.get("error") or ""), LONGEST_ERROR)
    unfit = _unfit(outcome, output_schema)
    return Answer(
        ok=bool(outcome.get("ok")),
        took=humanize.milliseconds(took) if isinstance(took, int | float) else "",
        error="" if _says(parts, error) else error,
        parts=[_once(part, block, structured) for part, block in zip(parts, blocks, strict=True)],
        structured=None if structured is None else tree(structured),
        fits=None if unfit is None else not unfit,
        unfit=unfit or [],
    )


def part_of(block: Any, at: int = 0) -> Part:
    """One content block of a tool's answer."""
    if not isinstance(block, dict):
        return Part(text=clip(str(block), LONGEST_OUTCOME))
    kind, data = block.get("type"), block.get("data")
    if kind == "text" and isinstance(block.get("text"), str):
        return _text(block["text"])
    if kind in ("image", "audio"):
        return _medium(str(kind), str(block.get("mimeType")), data, at)
    if kind == "resource_link":
        return replace(_about(block), name=_line(block.get("name")) or _("Resource"))
    if kind == "resource" and isinstance(block.get("resource"), dict):
        return _resource(block["resource"], at)
    return Part(tree=tree(block))


def _text(text: str) -> Part:
    """JSON as a tree too; all else, Markdown and HTML also, stays the text it is."""
    known = text.strip()
    if known[:1] in ("{", "[") and len(known) <= LONGEST_OUTCOME:
        try:
            return Part(text=known, tree=tree(json.loads(known)))
        except (ValueError, RecursionError):
            pass
    return Part(text=clip(text, LONGEST_OUTCOME))


def _medium(kind: str, mime: str, data: Any, at: int) -> Part:
    size = len(data) * 3 // 4 if isinstance(data, str) else 0
    note, held = f"{mime} · {humanize.size(size)}", at if size else None
    if kind == "image" and mime in PICTURES and isinstance(data, str) and len(data) <= LARGEST_PICTURE:
        return Part(picture=f"data:{mime};base64,{data}", note=note, held=held)
    name = _("Image") if kind == "image" else _("Audio")
    return Part(name=name, sound=kind == "audio" and mime in SOUNDS and bool(size), note=note, held=held)


def _about(block: Mapping[str, Any]) -> Part:
    """What is said of a resource; its address is shown and never followed."""
    size = block.get("size")
    about = [block.get("title"), block.get("description"), block.get("mimeType")]
    told = [_line(part) for part in about if part]
    if isinstance(size, int) and not isinstance(size, bool):
        told.append(humanize.size(size))
    return Part(address=_line(block.get("uri")), note=" · ".join(told))


def _resource(held: Mapping[str, Any], at: int) -> Part:
    about = replace(_about(held), name=_("Embedded resource"))
    if isinstance(held.get("text"), str):
        inner = _text(held["text"])
        return replace(about, text=inner.text, tree=inner.tree, held=at)
    return replace(about, held=at if isinstance(held.get("blob"), str) else None)


def _line(value: Any) -> str:
    return clip(str(value or "").strip(), 500)


def _once(part: Part, block: Any, structured: Any) -> Part:
    """A text that only repeats the structured content is not shown twice."""
    if part.tree is None or structured is None or not isinstance(block, dict) or block.get("type") != "text":
        return part
    if not is_json_equal(json.loads(part.text), structured):
        return part
    return Part(note=_("The text is the same as the structured result."))


def _unfit(outcome: Mapping[str, Any], schema: Any) -> list[str] | None:
    """What of the structured content breaks the tool's own word; None where it gave none."""
    if not isinstance(schema, dict) or not schema or not outcome.get("ok"):
        return None
    structured = outcome.get("structured")
    if structured is None:
        return [_("The tool has an output schema, but returned no structured result.")]
    found = problems(schema, structured)
    told = [f"{'/'.join(map(str, one.location)) or '/'}: {sentence(one)}" for one in found[:MOST_PROBLEMS]]
    if more := len(found) - len(told):
        told.append(ngettext("One more problem.", "%(n)s more problems.", more) % {"n": more})
    return told


def _says(parts: list[Part], error: str) -> bool:
    """Whether the answer's own text is the error, spaces and line breaks aside."""
    return " ".join(error.split()) == " ".join(" ".join(part.text for part in parts).split())

"""What changed between two lists of tools, and whom it breaks (requirements 1.8). Pure.

Breaking: somebody who did right by the old contract may now do wrong, or be surprised. For what a caller
sends that is a narrower input schema; for what a caller receives, a wider output schema. Of the annotations,
an assurance that is taken back is breaking. What cannot be decided is breaking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.core.contract.schema_change import schema_changes
from registry.core.contract.schema_findings import Effort, Finding, unknown
from registry.core.contract.schema_shapes import UndecidableError
from registry.core.contract.schema_values import canonical, deeper_than

LINES_AT_MOST = 40
LARGEST = 1_000_000
DEEPEST = 80
COMPOSED = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
EFFORT = 8_000_000
EFFORT_FOR_ONE = 6_000_000
PART = ("title", "description", "input_schema", "output_schema", "annotations", "problem")
Definition = Mapping[str, Any]


class Grade(StrEnum):
    """How much a change matters, the worst first."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    TEXT = "text"


class Action(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One sentence about a change, such as "city: was optional, is now required"."""

    grade: Grade
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one tool, resource, template or prompt."""

    name: str
    action: Action
    grade: Grade
    lines: tuple[Line, ...]


def digest(tool: Definition) -> str:
    """The same for the same definition, however its keys are ordered."""
    return _digest([tool.get(part) for part in PART])


def item_digest(data: Definition) -> str:
    return _digest(data)


def list_digest(entries: Iterable[tuple[str, str]]) -> str:
    """Of a whole list, by name and digest of each entry; their order does not count."""
    listed = "\0".join(sorted(f"{digest:40}{name}" for name, digest in entries))
    return hashlib.sha256(listed.encode("utf-8", "replace")).hexdigest()[:40]


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode("utf-8", "replace")).hexdigest()[:40]


# The value that counts where a hint is not given, and the one that assures a caller of something.
HINTS = {
    "readOnlyHint": (False, True, "only reads"),
    "destructiveHint": (True, False, "destroys nothing"),
    "idempotentHint": (False, True, "may be repeated"),
    "openWorldHint": (True, False, "reaches nothing outside"),
}


def changes(old: Mapping[str, Definition], new: Mapping[str, Definition]) -> list[Change]:
    """What became of each tool whose definition differs: the changed ones, then added, then removed.

    The effort is bounded for all together; small definitions come first, so that a monster loses only itself.
    """
    effort = Effort(EFFORT)
    both = [name for name in old if name in new]
    sizes = {name: _size(old[name]) + _size(new[name]) for name in both}
    found = {
        name: changed(name, old[name], new[name], effort) for name in sorted(both, key=sizes.__getitem__)
    }
    fresh = [added(name) for name in new if name not in old]
    kept = [change for name in both if (change := found[name])]
    return [*kept, *fresh, *(removed(name) for name in old if name not in new)]


def _size(tool: Definition) -> int:
    """Of the schemas, roughly; of an endless one, endless."""
    schemas = (tool.get("input_schema"), tool.get("output_schema"))
    return (
        LARGEST
        if any(deeper_than(one, DEEPEST) for one in schemas)
        else sum(map(len, map(canonical, schemas)))
    )


def added(name: str, what: str = "tool") -> Change:
    line = Line(grade=Grade.COMPATIBLE, text=f"new {what}")
    return Change(name=name, action=Action.ADDED, grade=line.grade, lines=(line,))


def uncompared(name: str) -> Change:
    """Changed with so many others that nobody looked into each: what cannot be decided is breaking."""
    line = Line(grade=Grade.BREAKING, text="changed with so many others that it was not compared")
    return Change(name=name, action=Action.CHANGED, grade=line.grade, lines=(line,))


def removed(name: str) -> Change:
    line = Line(grade=Grade.BREAKING, text="is no longer offered")
    return Change(name=name, action=Action.REMOVED, grade=line.grade, lines=(line,))


def changed(name: str, old: Definition, new: Definition, effort: Effort | None = None) -> Change | None:
    """What changed in one tool; None where nothing did."""
    total = effort or Effort(EFFORT)
    mine = Effort(min(total.left, EFFORT_FOR_ONE))
    granted = mine.left
    lines = [*_schemas(old, new, mine), *_hints(old, new), *_words(old, new)]
    total.left -= granted - mine.left
    same = not lines and all(canonical(old.get(part)) == canonical(new.get(part)) for part in PART)
    return None if same else _change(name, lines)


def _change(name: str, lines: Iterable[Line]) -> Change:
    """The worst lines first; where nothing can be named, only the writing changed."""
    found = list(dict.fromkeys(lines)) or [
        Line(grade=Grade.TEXT, text="is written differently and means the same")
    ]
    order = list(Grade)
    found.sort(key=lambda line: order.index(line.grade))
    grade = found[0].grade
    if len(found) > LINES_AT_MOST:
        more = len(found) - LINES_AT_MOST + 1
        found = [*found[: LINES_AT_MOST - 1], Line(grade=grade, text=f"and {more} more changes")]
    return Change(name=name, action=Action.CHANGED, grade=grade, lines=tuple(found))


def _schemas(old: Definition, new: Definition, effort: Effort) -> Iterator[Line]:
    for finding in _compared(
        old.get("input_schema") or {}, new.get("input_schema") or {}, "arguments", effort
    ):
        yield _line(finding, breaking=finding.narrows)
    before, after = old.get("output_schema"), new.get("output_schema")
    if before is None and after is not None:
        yield Line(grade=Grade.COMPATIBLE, text="result: is now described by a schema")
    elif before is not None and after is None:
        yield Line(grade=Grade.BREAKING, text="result: is no longer described by a schema")
    elif before is not None:
        for finding in _compared(before, after, "result", effort):
            yield _line(
                finding, breaking=finding.widens, where="" if finding.place == "result" else "result."
            )


def _compared(old: Any, new: Any, name: str, effort: Effort) -> list[Finding]:
    """The changes of a schema; one that is endless is not looked into."""
    if deeper_than(old, DEEPEST) or deeper_than(new, DEEPEST):
        return [unknown(name, "the schema is nested too deep to compare")]
    old, new = _naming(old), _naming(new)
    before, after = canonical(old), canonical(new)
    if before == after:
        return []
    if len(before) + len(after) > LARGEST:
        return [unknown(name, "the schema changed, and is too large to compare")]
    try:
        return schema_changes(old, new, name, effort)
    except UndecidableError as exc:
        return [unknown(name, f"changed, and {exc}")]


def _naming(schema: Any) -> Any:
    """A tool without arguments often has no `properties`: that names none, and does not leave them open."""
    plain = isinstance(schema, dict) and schema.get("type") == "object"
    return {"properties": {}, **schema} if plain and not schema.keys() & COMPOSED else schema


def _line(finding: Finding, *, breaking: bool, where: str = "") -> Line:
    grade = Grade.TEXT if finding.prose else Grade.BREAKING if breaking else Grade.COMPATIBLE
    return Line(grade=grade, text=f"{where}{finding.place}: {finding.text}")


def _hints(old: Definition, new: Definition) -> Iterator[Line]:
    before, after = _object(old.get("annotations")), _object(new.get("annotations"))
    for hint, (otherwise, assures, words) in HINTS.items():
        was, is_now = (said.get(hint, otherwise) is assures for said in (before, after))
        if was and not is_now:
            yield Line(grade=Grade.BREAKING, text=f"no longer says that it {words} ({hint})")
        elif is_now and not was:
            yield Line(grade=Grade.COMPATIBLE, text=f"says now that it {words} ({hint})")
    for key in sorted(before.keys() | after.keys()):
        if key not in HINTS and canonical(before.get(key)) != canonical(after.get(key)):
            yield Line(grade=Grade.TEXT, text=f"its annotation {key[:60]!r} changed")


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(old: Definition, new: Definition) -> Iterator[Line]:
    for part in ("title", "description"):
        if (old.get(part) or "") != (new.get(part) or ""):
            yield Line(grade=Grade.TEXT, text=f"its {part} changed")
    was, is_now = old.get("problem") or "", new.get("problem") or ""
    if is_now and was != is_now:
        yield Line(grade=Grade.BREAKING, text=f"cannot be read: {is_now}")
    elif was and not is_now:
        yield Line(grade=Grade.BREAKING, text="could not be read before, and can be now")


# -- resources, templates and prompts ------------------------------------------------------------------------

TEXT_KEYS = frozenset({"title", "description", "icons", "_meta", "annotations", "size", "lastModified"})


def item_changed(name: str, old: Definition, new: Definition) -> Change | None:
    """What changed in the data of a resource, template or prompt, as the server gave it."""
    keys = [
        key for key in sorted(old.keys() | new.keys()) if canonical(old.get(key)) != canonical(new.get(key))
    ]
    if not keys:
        return None
    lines: list[Line] = []
    for key in keys:
        if key == "arguments":
            lines += _arguments(_named(old.get(key)), _named(new.get(key)))
        else:
            grade = Grade.TEXT if key in TEXT_KEYS else Grade.BREAKING
            lines.append(Line(grade=grade, text=f"its {key[:60]} changed"))
    return _change(name, lines)


def _named(arguments: Any) -> dict[str, Definition]:
    found = arguments if isinstance(arguments, list) else []
    return {str(item.get("name")): item for item in found if isinstance(item, dict)}


def _arguments(old: Mapping[str, Definition], new: Mapping[str, Definition]) -> Iterator[Line]:
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        was, is_now = (bool(said and said.get("required")) for said in (before, after))
        if before is None:
            text = f"{name[:60]}: new, {'required' if is_now else 'optional'}"
            yield Line(grade=Grade.BREAKING if is_now else Grade.COMPATIBLE, text=text)
        elif after is None:
            yield Line(grade=Grade.BREAKING, text=f"{name[:60]}: removed")
        elif was != is_now:
            words = ("was required, is now optional", "was optional, is now required")[is_now]
            yield Line(grade=Grade.BREAKING if is_now else Grade.COMPATIBLE, text=f"{name[:60]}: {words}")

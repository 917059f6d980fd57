"""JSON or TOML to a tree of plain values, bounded before it is parsed. Raises only InvalidConfigError.

JSON with comments and trailing commas is read, and the TOML that Codex keeps its servers in. What is wrong
inside one entry stays in the tree as a mark (`Repeated`, `Flaw`), so that `check` refuses that entry alone.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.documents.formats.jsonc import plain
from registry.core.documents.places import ROOT, Place, shorten, show
from registry.errors import InvalidConfigError

MAX_BYTES = 1024 * 1024
MAX_SEALED = 7 * MAX_BYTES
MOST_BYTES = MAX_BYTES + MAX_SEALED
"""Of a document whose secret values stand locked in it: these come on top of what a document may have."""
MAX_DEPTH = 16
BYTES_PER_VALUE = 6
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_KEY_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DEEP_TOML = re.compile(
    rf"(?<![\w-])(?:{_KEY_PART}[ \t]*+\.[ \t]*+){{{MAX_DEPTH + 1}}}"
    rf"|(?:[\[{{][^\[\]{{}}]{{0,200}}){{{MAX_DEPTH + 1}}}"
)
_SEALED = re.compile(r'sealed(\\?)"\s*+:\s*+\1"([\w=-]*+)\1"', re.ASCII)
_SEALED_IN_BYTES = re.compile(_SEALED.pattern.encode())
_TOML = re.compile(r"^[ \t]*(?:\[{1,2}[ \t]*mcp_servers\b|mcp_servers[ \t]*[.=])", re.MULTILINE)
_REMEDIES = {
    "delimiter": "Put it there, or close the text or bracket before it",
    "Expecting property name": 'Write each name as "name"',
    "Expecting value": 'Write a text in "…", a number, true, false, null, {…} or […]',
    "Extra data": "Keep one document, and take out what comes after it",
    "escape": "Write each backslash of a path twice, or use /",
    "control character": "Write a line end inside a text as \\n and a TAB as \\t",
}
_SPLIT = "Split it into smaller documents"


@dataclass(frozen=True)
class Flaw:
    """A value that JSON knows but a configuration cannot hold, and as it was written."""

    what: str
    text: str = "null"


class Repeated(dict[str, Any]):
    """An object in which keys came twice; it holds the first of each."""

    twice: tuple[str, ...] = ()


def read(source: object, limit: int = MAX_BYTES, depth: int = MAX_DEPTH, at: Place = ()) -> Any:
    """The tree of a text, of bytes, or of Python values; InvalidConfigError if it is none, or too much.

    Secret values that stand locked beside the services do not count; *at* is where in the tree those are.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _parse(_decode(bytes(source[: limit + MAX_SEALED + 1]), limit), limit, depth, at)
    if isinstance(source, str):
        return _parse(source, limit, depth, at)
    return _parse(_dump(source, limit), limit, depth, at)


def text_of(source: str | bytes | bytearray | memoryview, limit: int = MAX_BYTES) -> str:
    """The characters of a document that is not too large, without the mark that some editors put first."""
    wide = source if isinstance(source, str) else _decode(bytes(source[: limit + MAX_SEALED + 1]), limit)
    return _bounded(wide, limit)[0].removeprefix("\ufeff")


def _too_large(limit: int) -> InvalidConfigError:
    return InvalidConfigError(ROOT, f"is larger than {limit >> 20} MiB", _SPLIT)


def _decode(data: bytes, limit: int) -> str:
    """UTF-8, or UTF-16 that says so by its first two bytes, as some editors and shells write it."""
    if len(data) > limit + _aside(data, limit):
        raise _too_large(limit)
    wide = _BOMS.get(data[:2])
    if wide is None and b"\0" in data[:4]:
        raise InvalidConfigError(ROOT, "is not UTF-8 text, but looks like UTF-16", "Save it as UTF-8")
    try:
        return data[2:].decode(wide) if wide else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidConfigError(
            ROOT, f"is not {'UTF-16' if wide else 'UTF-8'} text", "Save it as UTF-8"
        ) from None


def _aside(source: str | bytes, limit: int) -> int:
    """How many of the characters may be locked values."""
    found = _sealed(source) if len(source) <= limit + MAX_SEALED else None
    return len(found[2]) if found else 0


def _sealed(source: str | bytes) -> re.Match[str] | re.Match[bytes] | None:
    """Looked for from the end, where an export has them."""
    if isinstance(source, bytes):
        at = max(source.rfind(b'sealed"'), source.rfind(b'sealed\\"'), 0)
        return _SEALED_IN_BYTES.match(source, at)
    return _SEALED.match(source, max(source.rfind('sealed"'), source.rfind('sealed\\"'), 0))


def fits(text: str) -> bool:
    """Whether a document of this text is not too large to be read."""
    size = len(text.encode("utf-8", "surrogatepass"))
    return size <= MOST_BYTES and size <= MAX_BYTES + _aside(text, MAX_BYTES)


def without_sealed(source: bytes) -> bytes:
    """The document once its locked values were opened: they are not carried any further."""
    found = _sealed(source)
    return source[: found.start(2)] + source[found.end(2) :] if found else source


def _refuse_hidden(tree: object, at: Place, aside: int, limit: int) -> None:
    """What did not count must be the locked values; a document that is a text is looked at once more."""
    for key in at:
        tree = tree.get(str(key)) if isinstance(tree, dict) else None
    if isinstance(tree, str) and len(tree) >= aside:
        return
    block = tree.get("secrets") if isinstance(tree, dict) else None
    sealed = block.get("sealed") if isinstance(block, dict) else None
    if not isinstance(sealed, str) or len(sealed) != aside:
        raise _too_large(limit)


def _bounded(text: str, limit: int) -> tuple[str, int, int]:
    """The text with its size in bytes, and how many of them may be locked values."""
    aside = _aside(text, limit)
    if len(text) > limit + aside or (size := len(text.encode("utf-8", "surrogatepass"))) > limit + aside:
        raise _too_large(limit)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidConfigError(ROOT, f"holds a NUL character in line {line}", "Take it out")
    if text.count(",") > limit // BYTES_PER_VALUE:
        what = f"holds more than {limit // BYTES_PER_VALUE:,} values"
        raise InvalidConfigError(ROOT, what, _SPLIT)
    return text, size, aside


def _parse(text: str, limit: int, depth: int, at: Place) -> Any:
    text, size, aside = _bounded(text, limit)
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise InvalidConfigError(ROOT, "is empty", 'Start with {"mcpServers": {…}}')
    if is_toml(text):
        return _toml(text, limit)
    tree = _json(plain(text, depth))
    if size > limit:
        _refuse_hidden(tree, at, aside, limit)
    return tree


def is_toml(text: str) -> bool:
    """Whether it has tables of servers, as Codex keeps them."""
    return not text.lstrip().startswith("{") and bool(_TOML.search(text))


def _json(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=object_of,
            parse_constant=lambda word: Flaw(f"is {word}, which JSON does not have", word),
            parse_int=whole,
            parse_float=number,
        )
    except json.JSONDecodeError as exc:
        raise _not_json(exc) from None


def _not_json(exc: json.JSONDecodeError) -> InvalidConfigError:
    """What stands at the place, and what to do about it, as far as the parser knows."""
    here = exc.doc[exc.pos : exc.pos + 1]
    found = f" at {shorten(here)}" if here.strip() else " at its end" if exc.pos >= len(exc.doc) else ""
    what = f"is not JSON: {exc.msg}{found} in line {exc.lineno}, column {exc.colno}"
    ended = "It stops too early: add what is missing, down to the last bracket"
    remedy = next((said for word, said in _REMEDIES.items() if word in exc.msg), "Check the text there")
    return InvalidConfigError(ROOT, what, ended if exc.pos >= len(exc.doc.rstrip()) else remedy)


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these; `Repeated` where a key comes twice."""
    made = dict(reversed(pairs))
    if len(made) == len(pairs):
        return dict(pairs)
    seen: set[str] = set()
    twice = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
    repeated = Repeated({key: made[key] for key, _ in pairs})
    repeated.twice = tuple(dict.fromkeys(twice))
    return repeated


def whole(digits: str) -> int | Flaw:
    """A number without a point, of no more digits than every program keeps."""
    return int(digits) if len(digits) <= 18 else Flaw("is a number of more than 18 digits", shorten(digits))


def number(digits: str) -> float | Flaw:
    """A number with a point, if it is finite."""
    value = float(digits)
    return value if math.isfinite(value) else Flaw("is an infinite number", shorten(digits))


def _toml(text: str, limit: int) -> Any:
    # tomllib recurses into brackets, and takes dotted keys in quadratic time: bound both before it sees them.
    if _DEEP_TOML.search(text):
        raise InvalidConfigError(ROOT, f"is nested deeper than {MAX_DEPTH} levels", "Flatten it")
    try:
        return _json(plain(_dump(tomllib.loads(text), limit), MAX_DEPTH))
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InvalidConfigError(ROOT, "is not TOML that can be read", "Paste it as JSON") from None


def _dump(value: object, limit: int) -> str:
    """Python values as JSON text; their depth and number are bounded first, without recursion."""
    stack: list[tuple[object, int]] = [(value, 1)]
    nodes = 0
    while stack:
        node, depth = stack.pop()
        if not isinstance(node, (dict, list, tuple)):
            continue
        if depth > MAX_DEPTH:
            raise InvalidConfigError(ROOT, f"is nested deeper than {MAX_DEPTH} levels", "Flatten it")
        nodes += len(node)
        if nodes > limit:
            raise _too_large(limit)
        children: Iterable[object] = node.values() if isinstance(node, dict) else node
        stack.extend((child, depth + 1) for child in children)
    try:
        return json.dumps(value, default=_date)
    except (TypeError, ValueError) as exc:
        raise InvalidConfigError(
            ROOT, f"is not made of JSON values ({exc})"[:200], "Use text, numbers, lists and objects"
        ) from None


def _date(value: object) -> str:
    isoformat = getattr(value, "isoformat", None)
    if isoformat is None:
        raise TypeError(f"{type(value).__name__} is not allowed in JSON")
    return str(isoformat())


def check(tree: object, place: Place) -> None:
    """Raise for the first mark, NUL or lone surrogate at or below *place*."""
    stack: list[tuple[object, Place]] = [(tree, place)]
    while stack:
        node, at = stack.pop()
        _check_node(node, at)
        if isinstance(node, dict):
            stack.extend((key, (*at, key)) for key in node)
            stack.extend((child, (*at, key)) for key, child in node.items())
        elif isinstance(node, list):
            stack.extend((child, (*at, index)) for index, child in enumerate(node))


def _check_node(node: object, at: Place) -> None:
    if isinstance(node, Flaw):
        raise InvalidConfigError(show(at), node.what, "Write another value")
    if isinstance(node, Repeated):
        raise InvalidConfigError(show((*at, node.twice[0])), "is given twice", "Keep one of them")
    if isinstance(node, str):
        if "\0" in node:
            raise InvalidConfigError(show(at), "holds a NUL character", "Take it out")
        if not node.isascii() and any("\ud800" <= char <= "\udfff" for char in node):
            raise InvalidConfigError(show(at), "holds half of a character (a lone surrogate)", "Take it out")


def twice(tree: object) -> Sequence[str]:
    """The keys that came twice in this object."""
    return tree.twice if isinstance(tree, Repeated) else ()

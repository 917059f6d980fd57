"""YAML to a tree of plain values, made from the parser's events: it constructs nothing, and is bounded.

Words mean what they mean in YAML 1.2, as Goose and Continue read them: `yes` and `on` are texts. An alias
counts as often as it is used, so that a few lines cannot stand for millions of values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import events

from registry.core.documents import reading
from registry.core.documents.places import ROOT, shorten
from registry.core.documents.reading import Flaw
from registry.errors import InvalidConfigError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST = reading.MAX_BYTES if _LOADER is not yaml.SafeLoader else reading.MAX_BYTES // 8
"""In bytes. Without libyaml the parser is Python's own, fifteen times slower."""
BYTES_PER_VALUE = 20
_TAGS = "tag:yaml.org,2002:"
_KNOWN_TAGS = {f"{_TAGS}{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")}
_WORDS: dict[str, object] = {"": None, "~": None} | {
    spelled: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelled in (word, word.title(), word.upper())
}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*+)\Z")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*+)?(?:\.[0-9]*+)?(?:[eE][-+]?[0-9]++)?\Z")
_BEYOND = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")


@dataclass(frozen=True)
class _Node:
    """A value, how many values it stands for, and how deep it is nested."""

    value: Any
    count: int = 1
    height: int = 0


@dataclass
class _Open:
    """A list or an object that is being read."""

    mapping: bool
    anchor: str | None
    tag: str | None
    nodes: list[_Node] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    merges: set[int] = field(default_factory=set)

    @property
    def wants_key(self) -> bool:
        return self.mapping and len(self.keys) == len(self.nodes)


def read(text: str, limit: int = reading.MAX_BYTES) -> Any:
    """The tree; InvalidConfigError with the line for what is no YAML, or too much."""
    if len(text.encode("utf-8", "surrogatepass")) > min(limit, LARGEST):
        what = f"is YAML of more than {min(limit, LARGEST) >> 10} KiB"
        raise InvalidConfigError(ROOT, what, "Split it into smaller documents")
    builder = _Builder(limit // BYTES_PER_VALUE)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = f"is not YAML: {shorten(exc.problem or 'it cannot be read')}{where}"
        raise InvalidConfigError(ROOT, what, "Check the indentation there, with spaces and no tabs") from None
    except (yaml.YAMLError, UnicodeError):
        raise InvalidConfigError(ROOT, "has a character that YAML does not allow", "Take it out") from None
    return builder.root.value


class _Builder:
    def __init__(self, most: int) -> None:
        self.root = _Node(None)
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Node] = {}
        self._left = most
        self._most = most
        self._documents = 0

    def take(self, event: Any) -> None:
        if isinstance(event, events.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, events.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _wrong(event, "starts a second document", "Paste them one by one")
        elif isinstance(event, (events.MappingStartEvent, events.SequenceStartEvent)):
            self._start(event)
        elif isinstance(event, (events.MappingEndEvent, events.SequenceEndEvent)):
            self._end(event)
        elif isinstance(event, events.AliasEvent):
            anchor = str(event.anchor)
            known = self._anchors.get(anchor)
            if known is None:
                raise _wrong(event, f"refers to *{shorten(anchor, 40)}, which is not there", "Write it out")
            self._add(event, known)

    def _start(self, event: Any) -> None:
        if self._stack and self._stack[-1].wants_key:
            raise _wrong(event, "has a list or an object as a name", "Write a text there")
        if len(self._stack) >= reading.MAX_DEPTH:
            raise _too_deep()
        mapping = isinstance(event, events.MappingStartEvent)
        self._stack.append(_Open(mapping=mapping, anchor=event.anchor, tag=event.tag))

    def _end(self, event: Any) -> None:
        done = self._stack.pop()
        value: Any = _object(done) if done.mapping else [node.value for node in done.nodes]
        node = _Node(
            value if done.tag in (None, "!", *_KNOWN_TAGS) else _tagged(str(done.tag)),
            1 + sum(one.count for one in done.nodes),
            1 + max((one.height for one in done.nodes), default=0),
        )
        self._add(event, node, done.anchor, fresh=1)

    def _scalar(self, event: Any) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and top.wants_key:
            if event.value == "<<" and event.implicit[0]:
                top.merges.add(len(top.keys))
            top.keys.append(event.value)
            return
        self._add(event, _Node(_value(event)), event.anchor, fresh=1)

    def _add(self, event: Any, node: _Node, anchor: str | None = None, fresh: int = 0) -> None:
        self._left -= fresh or node.count
        if self._left < 0:
            what = f"holds more than {self._most:,} values"
            raise InvalidConfigError(ROOT, what, "Split it into smaller documents")
        if len(self._stack) + node.height > reading.MAX_DEPTH:
            raise _too_deep()
        if anchor:
            self._anchors[anchor] = node
        if not self._stack:
            self.root = node
        elif self._stack[-1].wants_key:
            raise _wrong(event, "has a reference as a name", "Write a text there")
        else:
            self._stack[-1].nodes.append(node)


def _object(done: _Open) -> dict[str, Any]:
    """With what `<<` brings in, which gives way to what is written."""
    pairs = [(key, node.value) for key, node in zip(done.keys, done.nodes, strict=True)]
    made = reading.object_of([pair for at, pair in enumerate(pairs) if at not in done.merges])
    for at in sorted(done.merges):
        brought = pairs[at][1]
        for one in brought if isinstance(brought, list) else [brought]:
            for key, value in one.items() if isinstance(one, dict) else ():
                made.setdefault(key, value)
    return made


def _value(event: Any) -> Any:
    if event.tag not in (None, "!", *_KNOWN_TAGS):
        return _tagged(event.tag)
    plain = event.implicit[0] or (event.tag not in (None, "!", f"{_TAGS}str"))
    return resolved(event.value) if plain else event.value


def _tagged(tag: str) -> Flaw:
    return Flaw(f"has the YAML tag {shorten(tag, 40)}, which is not supported here", "null")


def resolved(word: str) -> Any:
    """What a word without quotation marks is. Numbers that would lose digits stay as they are written."""
    if word in _WORDS:
        return _WORDS[word]
    if _WHOLE.match(word):
        return reading.whole(word)
    if _BEYOND.match(word):
        return Flaw(f"is {word}, which JSON does not have", word)
    if not any(char.isdigit() for char in word) or len(word) > 40 or not _FLOAT.match(word):
        return word
    number = reading.number(word)
    exact = isinstance(number, Flaw) or "e" in word.lower() or str(number) == word.removeprefix("+")
    return number if exact else word


def _too_deep() -> InvalidConfigError:
    return InvalidConfigError(ROOT, f"is nested deeper than {reading.MAX_DEPTH} levels", "Flatten it")


def _wrong(event: Any, what: str, remedy: str) -> InvalidConfigError:
    return InvalidConfigError(ROOT, f"{what} in line {event.start_mark.line + 1}", remedy)

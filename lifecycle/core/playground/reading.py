"""What was posted from a form as JSON again. The names of the controls say what each holds, so that no schema
is needed: a letter for the kind, then the path."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from lifecycle.core.playground.fields import Typed
from lifecycle.core.playground.kinds import ABSENT

DEEPEST: Final = 16
_NAME: Final = re.compile(r"f-(?P<letter>[a-z])(?P<path>(?:/[^/]+)*)")
_INTEGER: Final = re.compile(r"[+-]?\d{1,400}")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
LETTERS: Final = {
    "o": "an object is there",
    "a": "an array is there",
    "s": "a text that is always sent",
    "t": "a text that is left out where it is empty",
    "z": "an empty text is sent all the same",
    "n": "a number",
    "v": "a value as JSON, of an option or a box",
    "j": "JSON that was typed",
    "x": "null",
    "k": "the name of a row",
    "c": "the variant that was chosen",
    "w": "the variant that was shown",
}
NOT_JSON, NO_NAME, SAME_NAME = "not-json", "no-name", "same-name"


@dataclass
class Node:
    """What was posted at one path; `inner` are those below it, in their order."""

    said: dict[str, str] = field(default_factory=dict)
    inner: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Read:
    """The value, what else was typed, and by path what is wrong with the typing itself."""

    value: Any
    typed: Typed
    problems: Mapping[str, str]


def tree(posted: Iterable[tuple[str, str]]) -> Node:
    """The controls of a form by their paths; what is named otherwise is none of them."""
    root = Node()
    for name, text in posted:
        found = _NAME.fullmatch(name)
        if found is None or found["letter"] not in LETTERS or found["path"].count("/") > DEEPEST:
            continue
        node_at(root, found["path"], make=True).said[found["letter"]] = text
    return root


def node_at(root: Node, path: str, *, make: bool = False) -> Node:
    """The node of a path; KeyError where nothing was posted there."""
    node = root
    for step in path.split("/")[1:]:
        node = node.inner.setdefault(step, Node()) if make else node.inner[step]
    return node


def read(root: Node) -> Read:
    """The value of the whole form."""
    reader = _Reader()
    value = reader.value(root, "")
    typed = Typed(choices=reader.choices, raw=reader.raw)
    return Read(value={} if value is ABSENT else value, typed=typed, problems=reader.problems)


class _Reader:
    def __init__(self) -> None:
        self.choices: dict[str, str] = {}
        self.raw: dict[str, str] = {}
        self.problems: dict[str, str] = {}

    def value(self, node: Node, path: str) -> Any:
        said = node.said
        if "c" in said:
            self.choices[path] = said["c"]
        found = ABSENT if said.get("c") == "-" else self._own(node, path)
        return None if found is ABSENT and "x" in said else found

    def _own(self, node: Node, path: str) -> Any:
        said = node.said
        if "o" in said:
            return self._object(node, path)
        if "a" in said:
            return self._array(node, path)
        for letter, reads in (("j", self._json), ("n", self._number), ("v", self._json)):
            if letter in said:
                return reads(said[letter], path)
        return _text(said)

    def _object(self, node: Node, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        named = {step: child for step, child in node.inner.items() if not step.startswith("+")}
        for step, child in named.items():
            if (value := self.value(child, f"{path}/{step}")) is not ABSENT:
                found[unquote(step)] = value
        rows = [child for step, child in node.inner.items() if step not in named]
        for at, child in enumerate(rows):  # numbered anew: one of them may have been taken out
            value = self.value(child, f"{path}/+{at}")
            found[self._row_name(child, f"{path}/+{at}", found)] = "" if value is ABSENT else value
        return found

    def _row_name(self, node: Node, path: str, taken: Mapping[str, Any]) -> str:
        key = node.said.get("k", "")
        if not key:
            self.problems[path] = NO_NAME
        while key in taken:
            self.problems[path] = SAME_NAME
            key = f"{key} (2)"
        return key

    def _array(self, node: Node, path: str) -> list[Any]:
        values = [self.value(child, f"{path}/{at}") for at, child in enumerate(node.inner.values())]
        return [None if value is ABSENT else value for value in values]

    def _json(self, text: str, path: str) -> Any:
        if not text.strip():
            return ABSENT
        try:
            return strict(text)
        except (ValueError, RecursionError):
            self.problems[path], self.raw[path] = NOT_JSON, text
            return text

    def _number(self, text: str, path: str) -> Any:
        text = text.strip()
        if not text:
            return ABSENT
        if _INTEGER.fullmatch(text):
            return int(text)
        if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        self.raw[path] = text
        return text


def _text(said: Mapping[str, str]) -> Any:
    if "s" in said and not ("x" in said and not said["s"]):
        return _lines(said["s"])
    if said.get("t"):
        return _lines(said["t"])
    return "" if "z" in said else ABSENT


def _lines(text: str) -> str:
    """A browser sends each line break as two characters."""
    return text.replace("\r\n", "\n")


def strict(text: str) -> Any:
    """JSON without what only Python takes for JSON."""

    def refuse(word: str) -> Any:
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)

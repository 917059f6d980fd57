"""What the buttons of a form do: add, remove and move, and another variant. The posted tree is changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from lifecycle.core.playground import reading
from lifecycle.core.playground.building import build
from lifecycle.core.playground.fields import Field, find
from lifecycle.core.playground.kinds import ABSENT, Kind, in_line
from lifecycle.core.playground.reading import Node, node_at

_ACTION: Final = re.compile(r"(?P<verb>add|remove|up|down) (?P<path>(?:/[^/]+)*)")
_FOCUSED: Final = {"up": "up", "down": "down", "remove": "add", "add": "first"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Focus:
    """What the keyboard goes to next: a control of the field of that path."""

    path: str = ""
    what: str = ""


def change(schema: Any, root: Node, action: str) -> Focus:
    """Does what the button named *action* does, and what a changed choice of a variant means."""
    switched = _switched(root, "")
    for path in switched:
        _switch(schema, root, path)
    found = _ACTION.fullmatch(action)
    if found is None:
        return Focus(path=switched[0], what="choice") if switched else Focus()
    verb, path = found["verb"], found["path"]
    try:
        return _add(schema, root, path) if verb == "add" else _edit(root, verb, path)
    except KeyError:
        return Focus()


def _switched(node: Node, path: str) -> list[str]:
    """Where another variant was chosen than is shown; what is inside such a one goes."""
    said = node.said
    if "w" in said and said.get("c") != said["w"]:
        return [path]
    return [one for step, child in node.inner.items() for one in _switched(child, f"{path}/{step}")]


def _switch(schema: Any, root: Node, path: str) -> None:
    """The variant begins with a draft, and what the one before it had of the same names."""
    node = node_at(root, path)
    chosen, before = node.said.get("c", ""), reading.read(node).value if _holds(node) else ABSENT
    node.said = {"c": chosen}
    node.inner = {}
    shown = find(build(schema, _with(root, path), None), path, Kind.VARIANTS)
    drafts = shown.fresh if shown is not None and isinstance(shown.fresh, list) else []
    if chosen.isdigit() and int(chosen) < len(drafts):
        fresh = drafts[int(chosen)]
        if isinstance(fresh, dict) and isinstance(before, dict):
            kept = {key: value for key, value in before.items() if key in fresh}
            fresh = fresh | {key: value for key, value in kept.items() if _alike(fresh[key], value)}
        node.said["j"] = in_line(fresh)


def _holds(node: Node) -> bool:
    return bool(node.said.keys() & {"o", "a"})


def _alike(fresh: Any, before: Any) -> bool:
    return type(fresh) is type(before) and fresh in ("", 0, False, None)


def _with(root: Node, path: str) -> Any:
    """The value of the form, with something at *path*, so that its field is built."""
    node = node_at(root, path)
    node.said["j"] = "null"
    value = reading.read(root).value
    del node.said["j"]
    return value


def _add(schema: Any, root: Node, path: str) -> Focus:
    """An item, a row, or an optional object or array that was absent."""
    shown = reading.read(root)
    target = find(build(schema, shown.value, shown.typed), path)
    while target is not None and target.kind is Kind.VARIANTS and target.children:
        target = target.children[0]
    if target is None:
        return Focus()
    node = node_at(root, path, make=True)
    if not target.present:
        node.said = {key: text for key, text in node.said.items() if key == "c"}
        node.said["j"] = in_line({} if target.fresh is ABSENT else target.fresh)
        return Focus(path=path, what="first")
    return _added(target, node)


def _added(target: Field, node: Node) -> Focus:
    if not target.adds:
        return Focus()
    fresh = Node(said={"j": in_line(None if target.fresh is ABSENT else target.fresh)})
    rows = target.kind is Kind.OBJECT
    at = sum(step.startswith("+") for step in node.inner) if rows else len(node.inner)
    step = f"+{at}" if rows else str(at)
    if rows:
        fresh.said["k"] = ""
    node.inner[step] = fresh
    return Focus(path=f"{target.path}/{step}", what="key" if rows else "first")


def _edit(root: Node, verb: str, path: str) -> Focus:
    above, _slash, step = path.rpartition("/")
    parent = node_at(root, above)
    if verb == "remove":
        return _removed(parent, above, step, path)
    steps = list(parent.inner)
    at = steps.index(step) if step in steps else -1
    to = at + (1 if verb == "down" else -1)
    if at < 0 or not 0 <= to < len(steps):
        return Focus()
    steps[at], steps[to] = steps[to], steps[at]
    parent.inner = {one: parent.inner[one] for one in steps}
    return Focus(path=f"{above}/{to}", what=_FOCUSED[verb])


def _removed(parent: Node, above: str, step: str, path: str) -> Focus:
    node = parent.inner.pop(step)
    in_list = step.startswith("+") or "a" in parent.said
    if not in_list and "c" in node.said:
        parent.inner[step] = Node(said={"c": "-"})
    return Focus(path=above if in_list else path, what="add")

"""docs/architecture.md is a map of what is there: every place exists, and no room is missing."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from scripts import graph

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
APPS = ("registry", "lifecycle", "mcpstore_site")
TOPS = "|".join((*APPS, "templates", "static", "tests", "docs", "scripts"))
PLACES = sorted(set(re.findall(rf"`((?:{TOPS})/[\w/.-]+(?::[\w.]+)?)`", TEXT)))
ASKED = """
a page|a REST path|a REST field|a column of the queue|a reason or a remedy|an alert condition|a channel|
a client's config dialect|a command of manage.py|a metric|a setting
"""


@cache
def names_in(path: Path) -> frozenset[str]:
    """What a module defines at its top, and the methods of its classes."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        found.update(defined(node))
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}.{inner}" for part in node.body for inner in defined(part))
    return frozenset(found)


def defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def drawn() -> dict[str, set[str]]:
    """The rooms of each app as the tree in the docs has them."""
    tree = TEXT.split("```")[1]
    rooms: dict[str, set[str]] = {}
    app = ""
    for line in tree.splitlines():
        if top := re.match(r"(\w+)/", line):
            app = top[1]
        elif re.match(r"  \w", line):
            rooms.setdefault(app, set()).update(re.findall(r"\b(\w+)/  ", f"{line[:26]}  "))
    return rooms


@pytest.mark.parametrize("place", PLACES)
def test_every_place_exists(place: str) -> None:
    path, _, name = place.partition(":")
    assert (ROOT / path).exists()
    assert not name or name in names_in(ROOT / path)


@pytest.mark.parametrize("app", APPS)
def test_the_tree_has_every_room(app: str) -> None:
    there = {init.parent.name for init in (ROOT / app).glob("*/__init__.py")} - {"migrations"}
    assert drawn()[app] == there


def test_what_a_newcomer_adds_is_found() -> None:
    rows = re.findall(r"^\| \*\*(.+?)\*\*", TEXT, re.MULTILINE)
    assert not [what for what in ASKED.replace("\n", "").split("|") if what not in rows]
    assert len(PLACES) > 100


def test_the_picture_is_the_one_that_the_imports_draw() -> None:
    stored = (ROOT / "docs" / "rooms.svg").read_text(encoding="utf-8")
    assert stored == graph.picture(*graph.rooms()), "run: python scripts/graph.py"
    assert "(rooms.svg)" in TEXT

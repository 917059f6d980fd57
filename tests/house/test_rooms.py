"""The import graph: no circles, nothing upwards, a pure core, small rooms and small files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from scripts import graph
from scripts.graph import Arrow

ROOM_AT_MOST, APP_AT_MOST, LINES_AT_MOST = 14, 20, 350
PASSED_OVER = {"migrations", "__pycache__"}
"""Django numbers its migrations, and each stays for ever."""


@pytest.fixture(scope="module")
def arrows() -> list[Arrow]:
    return graph.arrows()


def said(arrow: Arrow, files: dict[str, Path]) -> str:
    path = files[arrow.importer].relative_to(graph.ROOT)
    return f"{path}:{arrow.line} imports {arrow.imported}"


def test_no_two_modules_import_each_other(arrows: Sequence[Arrow]) -> None:
    files, lines = graph.modules(), []
    for circle in graph.circles(graph.graph(arrows)):
        lines.append(f"a circle of {len(circle)} modules:")
        lines += [f"  {said(a, files)}" for a in arrows if a.importer in circle and a.imported in circle]
    assert not lines, "\n".join(lines)


def test_nothing_imports_upwards(arrows: Sequence[Arrow]) -> None:
    files = graph.modules()
    up = [said(arrow, files) for arrow in arrows if layer(arrow.imported) < layer(arrow.importer)]
    assert not up, f"each of {graph.APPS} may import those after it:\n" + "\n".join(up)


def layer(module: str) -> int:
    return graph.APPS.index(module.split(".")[0])


def test_core_imports_core_alone(arrows: Sequence[Arrow]) -> None:
    files = graph.modules()
    out = [said(arrow, files) for arrow in arrows if pure(arrow.importer) and not pure(arrow.imported)]
    assert not out, "core decides by plain values and knows no other room:\n" + "\n".join(out)


def pure(module: str) -> bool:
    return module == "registry.errors" or module.split(".")[1:2] == ["core"]


def test_no_room_is_crowded() -> None:
    crowded = [
        f"{folder.relative_to(graph.ROOT)} has {len(found)} entries, at most {most}: {', '.join(found)}"
        for folder in folders()
        for most in [APP_AT_MOST if folder.parent == graph.ROOT else ROOM_AT_MOST]
        if len(found := entries(folder)) > most
    ]
    assert not crowded, "make a room within it:\n" + "\n".join(crowded)


def folders() -> Iterator[Path]:
    for app in graph.APPS:
        yield graph.ROOT / app
        inner = (path for path in sorted((graph.ROOT / app).rglob("*")) if path.is_dir())
        yield from (path for path in inner if not PASSED_OVER & set(path.parts) and entries(path))


def entries(folder: Path) -> list[str]:
    """What somebody sees who opens it; not what Python leaves behind, nor folders of nothing else."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted({path.relative_to(folder).parts[0] for path in found})


def test_no_file_is_long() -> None:
    found = [*graph.modules().values(), *(graph.ROOT / "tests").rglob("*.py")]
    files = [path for path in found if not PASSED_OVER & set(path.parts)]
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    long = [
        f"{path.relative_to(graph.ROOT)} has {count} lines, at most {LINES_AT_MOST}"
        for path, count in lines.items()
        if count > LINES_AT_MOST
    ]
    assert not long, "split it by what it is about:\n" + "\n".join(long)


def test_all_ways_to_import_are_read(tmp_path: Path) -> None:
    """Within a function, for types only, relative, a name out of a package, by text."""
    written = {
        "registry/__init__.py": "",
        "registry/base.py": "WORD = 1",
        "registry/room/__init__.py": "from registry.base import WORD",
        "registry/room/typed.py": "import typing\nif typing.TYPE_CHECKING:\n    import registry.base",
        "registry/room/late.py": "def work():\n    from . import typed",
        "registry/room/reader.py": "from registry.room import WORD",
        "registry/room/by_text.py": "import importlib\nimportlib.import_module('registry.room.late')",
        "lifecycle/__init__.py": "",
        "mcpstore_site/__init__.py": "",
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert graph.arrows(tmp_path) == [
        Arrow("registry.room", "registry.base", 1),
        Arrow("registry.room.by_text", "registry.room.late", 2),
        Arrow("registry.room.late", "registry.room.typed", 2),
        Arrow("registry.room.reader", "registry.room", 1),
        Arrow("registry.room.typed", "registry.base", 3),
    ]


def test_circles_are_told_apart() -> None:
    two = {"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"e"}, "e": {"c"}, "f": {"a"}, "g": set[str]()}
    assert graph.circles(two) == [["c", "d", "e"], ["a", "b"]]
    assert graph.circles({"a": {"b"}, "b": set()}) == []


def test_the_picture_shows_every_room() -> None:
    size, between = graph.rooms()
    drawn = graph.picture(size, between)
    assert all(f">{room.split('.')[1]}</text>" in drawn for room in size)
    assert "registry.core" in size and between["lifecycle.engine", "lifecycle.core"] > 20

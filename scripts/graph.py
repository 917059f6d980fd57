"""Who imports whom: reads the import graph of the three apps and draws their rooms as an SVG.

Nothing is run: imports inside functions and for types only are read like any other. `python scripts/graph.py`
writes docs/rooms.svg, `--text` prints the same in words; tests/house/test_rooms.py uses the reading.
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("mcpstore_site", "lifecycle", "registry")  # each may import those after it
BY_NAME = {"import_module", "__import__", "include"}

Graph = Mapping[str, set[str]]
Weights = Counter[tuple[str, str]]


@dataclass(frozen=True, order=True)
class Arrow:
    """One import: which module names which, and in which line."""

    importer: str
    imported: str
    line: int


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the three apps with its file; a package is its `__init__.py`."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for app in APPS
        for path in sorted((root / app).rglob("*.py"))
    }


def arrows(root: Path = ROOT) -> list[Arrow]:
    """All imports among the three apps, each once per importer and imported."""
    files = modules(root)
    found: dict[tuple[str, str], Arrow] = {}
    for module, path in files.items():
        for name, line in _names(ast.parse(path.read_text(encoding="utf-8")), _package(module, path)):
            target = _module_of(name, files)
            if target is not None and target != module:
                found.setdefault((module, target), Arrow(module, target, line))
    return sorted(found.values())


def _package(module: str, path: Path) -> str:
    return module if path.name == "__init__.py" else module.rpartition(".")[0]


def _names(tree: ast.AST, package: str) -> Iterator[tuple[str, int]]:
    """Each name that is imported, in full: a module's, or that of something in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node.func) in BY_NAME and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value, node.lineno


def _called(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _module_of(name: str, files: Mapping[str, Path]) -> str | None:
    """The module that *name* is, or is a part of."""
    if name in files:
        return name
    owner = name.rpartition(".")[0]
    return owner if owner in files else None


def graph(found: Iterable[Arrow]) -> dict[str, set[str]]:
    """Importer to all it imports; every name is a key."""
    result: dict[str, set[str]] = {}
    for arrow in found:
        result.setdefault(arrow.importer, set()).add(arrow.imported)
        result.setdefault(arrow.imported, set())
    return result


def circles(of: Graph) -> list[list[str]]:
    """The groups of names that reach each other, the largest first."""
    groups = {frozenset(reached(name, of) & reached(name, _turned(of))) for name in _in_circles(of)}
    return sorted((sorted(group) for group in groups), key=lambda group: (-len(group), group))


def _in_circles(of: Graph) -> list[str]:
    """What is left when all that imports nothing left, or is imported by nothing left, is taken away."""
    left, turned = set(of), _turned(of)
    while bare := {name for name in left if not of[name] & left or not turned[name] & left}:
        left -= bare
    return [name for name in sorted(left) if name in reached(name, of)]


def _turned(of: Graph) -> dict[str, set[str]]:
    result: dict[str, set[str]] = {name: set() for name in of}
    for name, targets in of.items():
        for target in targets:
            result[target].add(name)
    return result


def reached(start: str, of: Graph) -> set[str]:
    """All that can be reached from *start* in one step or more."""
    seen: set[str] = set()
    ahead = list(of[start])
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead.extend(of[name])
    return seen


def rooms(root: Path = ROOT) -> tuple[dict[str, int], Weights]:
    """The packages of the second level with the number of their files, and the imports between them."""
    files = modules(root)
    packages = {name for name, path in files.items() if path.name == "__init__.py" and name.count(".") == 1}
    packages = {name for name in packages if not name.endswith(".migrations")}
    size = Counter(room for name in files if (room := _room(name)) in packages)
    between = Counter((_room(arrow.importer), _room(arrow.imported)) for arrow in arrows(root))
    kept = {
        pair: count for pair, count in between.items() if pair[0] != pair[1] and packages.issuperset(pair)
    }
    return dict(size), Counter(kept)


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


BOX, GAP, ROW, EDGE, WIDTH = (124, 30), 16, 78, 30, 1180
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2933; } .app { font-size: 17px; font-weight: 600; }
.small { font-size: 11px; fill: #52606d; } .paper { fill: #fff; } .band { fill: #f5f7fa; stroke: #cbd2d9; }
.room { fill: #fff; stroke: #616e7c; } .down, .up { fill: none; stroke: #829ab1; stroke-width: 1.2; }
.up { stroke: #c65d21; stroke-dasharray: 4 3; } .layer { stroke: #334e68; stroke-width: 3; }
"""
HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="#829ab1"/></marker>'
)
NOTE = (
    "An arrow goes from a room to one that it imports; it is left out where a chain of arrows says the same. "
    "Dashed: the lesser part of two rooms that use each other's modules, in no circle of modules."
)


def picture(size: Mapping[str, int], between: Weights) -> str:
    """The three apps as bands; in each, a room stands above those that it imports.

    Without numbers, so that it stays as it is while the rooms do.
    """
    places: dict[str, tuple[float, float]] = {}
    bands, top = [], 20.0
    for app in APPS:
        rows = _rows([room for room in size if room.startswith(f"{app}.")], between)
        height = 44.0 + ROW * len(rows)
        bands.append(_band(app, top, height, between))
        for number, row in enumerate(rows):
            places.update(_line_up(row, top + 40 + number * ROW))
        top += height + 50
    ways = [_way(places[a], places[b]) for a, b in sorted(_shown(places, between))]
    boxes = [_box(room, place) for room, place in places.items()]
    foot = f'<text class="small" x="{EDGE}" y="{top - 26:.0f}">{escape(NOTE)}</text>'
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top - 10:.0f}" role="img">'
        f"<title>The rooms of the three apps and what they import</title><style>{STYLE}</style>"
        f'<defs>{HEAD}</defs><rect class="paper" width="100%" height="100%"/>'
    )
    return "\n".join([start, *bands, *ways, *boxes, foot, "</svg>", ""])


def _order(names: Iterable[str], between: Weights) -> list[str]:
    """Those that import most of the others first, so that few arrows lead back."""
    left, result = sorted(names), []
    while left:
        surplus = {n: sum(between[n, other] - between[other, n] for other in left) for n in left}
        result.append(max(left, key=lambda name: (not any(between[o, name] for o in left), surplus[name])))
        left.remove(result[-1])
    return result


def _rows(names: Iterable[str], between: Weights) -> list[list[str]]:
    """The rooms of one app in rows, each below all that import it but for arrows that lead back."""
    level: dict[str, int] = {}
    for name in _order(names, between):
        level[name] = 1 + max((level[above] for above in level if between[above, name]), default=-1)
    fit = (WIDTH - 2 * EDGE) // (BOX[0] + GAP)
    rows = [[n for n in level if level[n] == number] for number in range(max(level.values(), default=-1) + 1)]
    return [row[start : start + fit] for row in rows for start in range(0, len(row), fit)]


def _shown(places: Mapping[str, tuple[float, float]], between: Weights) -> set[tuple[str, str]]:
    """Arrows within one app, without those that a chain of others downwards says too."""
    own = {(a, b) for a, b in between if a.split(".")[0] == b.split(".")[0]}
    down = {name: {b for a, b in own if a == name and places[b][1] > places[a][1]} for name in places}
    implied = {(name, far) for name in down for near in down[name] for far in reached(near, down)}
    return own - implied


def _line_up(row: list[str], top: float) -> dict[str, tuple[float, float]]:
    """Spread one row over the width; every second row is shifted, so that arrows pass between boxes."""
    step = (WIDTH - 2 * EDGE) / len(row)
    shift = (BOX[0] / 2 + GAP) * (1 if int(top / ROW) % 2 else -1) if len(row) < 6 else 0
    return {name: (EDGE + step * (number + 0.5) + shift, top) for number, name in enumerate(row)}


def _band(app: str, top: float, height: float, between: Weights) -> str:
    below = [
        other for other in APPS if other != app and (app, other) in {(_app(a), _app(b)) for a, b in between}
    ]
    said = f"imports {' and '.join(below)}" if below else ""
    middle, end = WIDTH / 2, top + height
    way = f'<path class="layer" d="M{middle} {end}V{end + 48}" marker-end="url(#head)"/>' if below else ""
    return (
        f'<rect class="band" x="10" y="{top}" width="{WIDTH - 20}" height="{height}" rx="8"/>{way}'
        f'<text class="app" x="24" y="{top + 24}">{app}</text>'
        f'<text class="small" x="170" y="{top + 24}">{said}</text>'
    )


def _app(room: str) -> str:
    return room.split(".")[0]


def _way(a: tuple[float, float], b: tuple[float, float]) -> str:
    """From the lower edge to the upper one, or back beside the boxes."""
    if b[1] > a[1]:
        start, end = a[1] + BOX[1], b[1]
        bend = (end - start) / 2
        line = f"M{a[0]:.0f} {start:.0f}C{a[0]:.0f} {start + bend:.0f} {b[0]:.0f} {end - bend:.0f}"
        return f'<path class="down" d="{line} {b[0]:.0f} {end:.0f}" marker-end="url(#head)"/>'
    side = BOX[0] / 2
    line = f"M{a[0] + side:.0f} {a[1] + 10:.0f}Q{max(a[0], b[0]) + side + 40:.0f} {(a[1] + b[1]) / 2:.0f}"
    return f'<path class="up" d="{line} {b[0] + side:.0f} {b[1] + 26:.0f}" marker-end="url(#head)"/>'


def _box(room: str, place: tuple[float, float]) -> str:
    left, top = place[0] - BOX[0] / 2, place[1]
    return (
        f'<rect class="room" x="{left:.0f}" y="{top:.0f}" width="{BOX[0]}" height="{BOX[1]}" rx="5"/>'
        f'<text x="{place[0]:.0f}" y="{top + 19:.0f}" text-anchor="middle">{room.partition(".")[2]}</text>'
    )


def listing(size: Mapping[str, int], between: Weights) -> str:
    """Each room, how many files it has, and what it imports how often."""
    lines = []
    for room in sorted(size):
        used = sorted((b, count) for (a, b), count in between.items() if a == room)
        told = ", ".join(f"{name} {count}" for name, count in used) or "nothing"
        lines.append(f"{room} ({size[room]} files): {told}")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", action="store_true", help="print each room with what it imports")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "rooms.svg", help="where the picture goes"
    )
    options = parser.parse_args()
    if options.text:
        print(listing(*rooms()), end="")  # noqa: T201
    else:
        options.out.write_text(picture(*rooms()), encoding="utf-8")


if __name__ == "__main__":
    main()

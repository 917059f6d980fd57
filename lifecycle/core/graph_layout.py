"""Where the boxes and lines of a graph go: in columns by depth, what starts first at the left. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from registry.core import graph

BOX_WIDTH, BOX_HEIGHT = 190, 50
COLUMN_GAP, ROW_GAP = 76, 12
BEND = 40
PASSAGE = 4
"""The height that a line takes in a column which it only passes."""
SWEEPS = 8
MARGIN = 6

TALLEST = 20
"""More names than this that start together stand in several columns side by side."""

Node = str | tuple[str, int]
"""A name, or where the lines from a name pass a column together."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """The upper left corner of a name's box."""

    name: str
    x: int
    y: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """From what is needed, at the left, to who needs it; `path` is the `d` of an SVG path."""

    needed: str
    by: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A picture; its boxes in the order in which they start, in so many waves."""

    width: int
    height: int
    waves: int
    boxes: list[Box]
    lines: list[Line]


def draw(names: Collection[str], edges: graph.Edges) -> Drawing:
    """Lay out *names* with those edges that lie among them. ValueError where these form a cycle."""
    inside = {one: [other for other in edges.get(one, ()) if other in names] for one in names}
    waves = graph.waves(names, inside)
    columns = _columns(waves, inside)
    depth = {node: number for number, column in enumerate(columns) for node in column}
    ways = _ways(inside, depth, columns)
    before, after = _neighbours(ways)
    _untangle(columns, before, after)
    middles = _heights(columns, before, after)
    top = min((middles[node] - _height(node) / 2 for node in middles), default=0) - MARGIN
    at = {
        node: (_left(number), middles[node] - top) for number, column in enumerate(columns) for node in column
    }
    boxes = [
        Box(name=node, x=at[node][0], y=round(at[node][1] - BOX_HEIGHT / 2))
        for column in columns
        for node in column
        if isinstance(node, str)
    ]
    return Drawing(
        width=_left(len(columns)) - COLUMN_GAP + MARGIN,
        height=round(max((y + _height(node) / 2 for node, (_x, y) in at.items()), default=0) + MARGIN),
        waves=len(waves),
        boxes=boxes,
        lines=[_line(way, at) for way in ways],
    )


def _left(column: int) -> int:
    return MARGIN + column * (BOX_WIDTH + COLUMN_GAP)


def _height(node: Node) -> int:
    return BOX_HEIGHT if isinstance(node, str) else PASSAGE


def _columns(waves: Sequence[Sequence[str]], edges: Mapping[str, Sequence[str]]) -> list[list[Node]]:
    """The waves, those with the same dependencies together, in columns that are not too tall."""
    place: dict[str, float] = {}
    columns: list[list[Node]] = []
    for wave in waves:
        means = {name: _among(place, edges[name]) for name in wave}
        ordered = sorted(wave, key=lambda name: (means[name], name))
        place.update({name: float(number) for number, name in enumerate(ordered)})
        columns += [list[Node](ordered[start : start + TALLEST]) for start in range(0, len(ordered), TALLEST)]
    return columns


def _among(place: Mapping[str, float], names: Sequence[str]) -> float:
    return sum(place[name] for name in names) / len(names) if names else 0.0


def _ways(
    edges: Mapping[str, Sequence[str]], depth: Mapping[Node, int], columns: list[list[Node]]
) -> list[list[Node]]:
    """Each line as the nodes that it touches, column by column; where it passes one it is given a place."""
    ways: list[list[Node]] = []
    made: set[Node] = set()
    for one, other in [(name, needed) for name in sorted(edges) for needed in sorted(edges[name])]:
        way: list[Node] = [other]
        for number in range(depth[other] + 1, depth[one]):
            way.append(node := (other, number))
            if node not in made:
                made.add(node)
                columns[number].append(node)
        ways.append([*way, one])
    return ways


def _neighbours(ways: list[list[Node]]) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    before: dict[Node, list[Node]] = {}
    after: dict[Node, list[Node]] = {}
    for way in ways:
        for left, right in pairwise(way):
            if right not in after.setdefault(left, []):
                after[left].append(right)
                before.setdefault(right, []).append(left)
    return before, after


def _untangle(
    columns: list[list[Node]], before: Mapping[Node, list[Node]], after: Mapping[Node, list[Node]]
) -> None:
    """Order each column by where its neighbours lie, to and fro, so that few lines cross."""
    place = {node: float(number) for column in columns for number, node in enumerate(column)}
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            column.sort(key=lambda node: _mean(before if forward else after, node, place))
            place.update({node: float(number) for number, node in enumerate(column)})


def _mean(neighbours: Mapping[Node, list[Node]], node: Node, place: Mapping[Node, float]) -> float:
    found = neighbours.get(node)
    return sum(place[other] for other in found) / len(found) if found else place[node]


def _heights(
    columns: list[list[Node]], before: Mapping[Node, list[Node]], after: Mapping[Node, list[Node]]
) -> dict[Node, float]:
    """The middle of each node: near those of its neighbours, in its column's order, nothing overlapping."""
    tallest = max((_stacked(column) for column in columns), default=0.0)
    middles: dict[Node, float] = {}
    for column in columns:
        middles.update(_apart(column, dict.fromkeys(column, tallest / 2), tallest))
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            wished = {node: _mean(before if forward else after, node, middles) for node in column}
            middles.update(_apart(column, wished, tallest))
    return middles


def _stacked(column: Sequence[Node]) -> float:
    """How tall a column is at least."""
    return sum(_height(node) + ROW_GAP for node in column) - ROW_GAP


def _apart(column: Sequence[Node], wished: Mapping[Node, float], height: float) -> dict[Node, float]:
    """The wished middles pushed apart, about where they were wished, and all between 0 and *height*."""
    placed = _pushed_down(column, wished, float("-inf"))
    shift = sum(placed[node] - wished[node] for node in column) / len(column)
    turned = {node: height - (placed[node] - shift) for node in column}
    lifted = _pushed_down(column[::-1], turned, 0.0)
    return _pushed_down(column, {node: height - middle for node, middle in lifted.items()}, 0.0)


def _pushed_down(column: Sequence[Node], wished: Mapping[Node, float], free: float) -> dict[Node, float]:
    """One below the other, each as near to its wish as those above allow, and none above *free*."""
    placed: dict[Node, float] = {}
    for node in column:
        half = _height(node) / 2
        placed[node] = max(wished[node], free + half)
        free = placed[node] + half + ROW_GAP
    return placed


def _line(way: Sequence[Node], at: Mapping[Node, tuple[int, float]]) -> Line:
    """A curve from the right side of the first box to the left side of the last, level in between."""
    x, y = at[way[0]][0] + BOX_WIDTH, round(at[way[0]][1])
    path = f"M{x} {y}"
    for node in way[1:]:
        next_x, next_y = at[node][0], round(at[node][1])
        path += f"C{x + BEND} {y} {next_x - BEND} {next_y} {next_x} {next_y}"
        x, y = next_x, next_y
        if not isinstance(node, str):
            x += BOX_WIDTH
            path += f"H{x}"
    return Line(needed=str(way[0]), by=str(way[-1]), path=path)

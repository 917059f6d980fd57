"""The picture of the dependencies: everything is in it once, in order, and nothing lies on anything else."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.graph_layout import BOX_HEIGHT, BOX_WIDTH, Drawing, draw

SHOP = {"api": ["auth", "db"], "auth": ["db"], "web": ["api"], "mail": ["db"]}
NAMES = {"api", "auth", "db", "web", "mail"}


@st.composite
def graphs(drawn: st.DrawFn) -> dict[str, list[str]]:
    """Any graph without a cycle: each node needs some of the earlier ones."""
    names = [f"s{number:02}" for number in range(drawn(st.integers(0, 14)))]
    return {
        name: drawn(st.lists(st.sampled_from(names[:number]), unique=True)) if number else []
        for number, name in enumerate(names)
    }


def overlap(drawing: Drawing) -> list[tuple[str, str]]:
    return [
        (one.name, other.name)
        for one, other in combinations(drawing.boxes, 2)
        if abs(one.x - other.x) < BOX_WIDTH and abs(one.y - other.y) < BOX_HEIGHT
    ]


@given(graphs())
def test_everything_is_drawn_once_within_the_picture_and_apart(edges: dict[str, list[str]]) -> None:
    drawing = draw(edges, edges)
    assert sorted(box.name for box in drawing.boxes) == sorted(edges)
    assert sorted((line.by, line.needed) for line in drawing.lines) == sorted(
        (one, other) for one in edges for other in edges[one]
    )
    assert overlap(drawing) == []
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - BOX_WIDTH and 0 <= box.y <= drawing.height - BOX_HEIGHT


@given(graphs())
def test_what_is_needed_stands_left_of_who_needs_it(edges: dict[str, list[str]]) -> None:
    left = {box.name: box.x for box in draw(edges, edges).boxes}
    assert all(left[line.needed] < left[line.by] for line in draw(edges, edges).lines)


def test_boxes_come_in_the_order_of_starting_for_whoever_reads_them_in_a_row() -> None:
    drawing = draw(NAMES, SHOP)
    assert drawing.waves == 4
    assert [box.x for box in drawing.boxes] == sorted(box.x for box in drawing.boxes)
    assert drawing.boxes[0].name == "db" and drawing.boxes[-1].name == "web"


def test_a_line_passes_between_the_boxes_of_the_columns_in_its_way() -> None:
    drawing = draw(NAMES, SHOP)
    at = {box.name: box for box in drawing.boxes}
    (long,) = [line for line in drawing.lines if (line.needed, line.by) == ("db", "api")]
    level = int(long.path.split("H")[0].split()[-1])
    column = [box for box in drawing.boxes if box.x == at["auth"].x]
    assert not any(box.y <= level <= box.y + BOX_HEIGHT for box in column)


def test_lines_to_names_outside_are_left_out() -> None:
    drawing = draw({"api", "db"}, SHOP)
    assert [(line.by, line.needed) for line in drawing.lines] == [("api", "db")]


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="cycle"):
        draw({"a", "b"}, {"a": ["b"], "b": ["a"]})


def test_two_chains_beside_each_other_do_not_cross() -> None:
    edges = {"a2": ["a1"], "a3": ["a2"], "b2": ["b1"], "b3": ["b2"]}
    at = {box.name: box.y for box in draw({"a1", "a2", "a3", "b1", "b2", "b3"}, edges).boxes}
    for number in "123":
        assert at[f"a{number}"] < at[f"b{number}"]


@pytest.mark.parametrize("needs", [1, 3])
def test_two_hundred_boxes_stay_within_a_few_screens(needs: int) -> None:
    """All need the first, or each needs three of those a little before it."""
    names = [f"s{number:03}" for number in range(200)]
    edges = {
        name: names[:1] if needs == 1 else names[max(0, number - 90) : number : 30]
        for number, name in enumerate(names)
        if number
    }
    drawing = draw(names, edges)
    assert overlap(drawing) == []
    assert drawing.width < 6000 and drawing.height < 5000

"""The strip and the sparklines."""

from __future__ import annotations

import re

from lifecycle.monitoring.overview import drawing


def widths(svg: str) -> list[float]:
    return [float(width) for width in re.findall(r'width="([\d.]+)" height="10"', svg)]


def test_a_strip_fills_its_width_and_shows_the_smallest_part() -> None:
    svg = drawing.strip(
        [("s-healthy", "Healthy", 1999), ("s-warning", "Warning", 0), ("s-x", "Down", 1)], "all"
    )
    healthy, down = widths(svg)
    assert down >= 5.5 and abs(healthy + down + drawing.BETWEEN - drawing.WIDTH) < 0.2
    assert "<title>Healthy 1,999</title>" in svg and "Warning" not in svg


def test_an_empty_fleet_has_an_empty_strip() -> None:
    assert widths(drawing.strip([], "nothing")) == []


def test_words_cannot_become_markup() -> None:
    assert "<script" not in drawing.strip([("s-x", "<script>", 1)], "<script>")


def test_a_line_breaks_where_nothing_is_known() -> None:
    path = re.findall(r'<path d="([^"]+)"', drawing.spark([1.0, 2.0, None, 3.0, 1.0]))[0]
    assert path.count("M") == 2


def test_the_highest_value_is_at_the_top() -> None:
    points = re.findall(r"([\d.]+) ([\d.]+)", re.findall(r'<path d="([^"]+)"', drawing.spark([0.0, 10.0]))[0])
    assert float(points[1][1]) < float(points[0][1])


def test_one_value_is_no_line() -> None:
    assert drawing.spark([5.0, None]) == ""


def test_a_level_line_is_drawn() -> None:
    assert "NaN" not in drawing.spark([5.0, 5.0, 5.0]) and "<path" in drawing.spark([5.0, 5.0])


def test_many_values_become_few() -> None:
    path = re.findall(r'<path d="([^"]+)"', drawing.spark([float(n) for n in range(720)]))[0]
    assert len(re.findall("[ML]", path)) <= drawing.SPARK_POINTS

"""A chart as one SVG: what is in it, and how little of it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from lifecycle.core.pictures import drawing
from lifecycle.core.pictures.drawing import Frame, Mark, Series, Time

NOON = Time(share=0.5, words=("12:00", "Nov 21"))
BARE = Frame(times=[[NOON], [NOON], [NOON], [NOON, Time(share=0.75, words=("18:00",))]])


def drawn(*series: Series, frame: Frame = BARE, **more: bool) -> str:
    svg = drawing.svg(series, frame, label='p50 < 40 "ms"', first=-0.5, points=288, **more)
    ElementTree.fromstring(svg)
    return svg


def line(*values: float | None, unit: str = "ms", style: str = "") -> Series:
    return Series(column=values, unit=unit, ink="ink-accent", style=style)


def test_it_says_what_it_shows_to_who_does_not_see_it() -> None:
    assert 'role="img" aria-label="p50 &lt; 40 &quot;ms&quot;"' in drawn(line(1, 2))


def test_points_are_as_wide_as_their_share_of_the_window() -> None:
    svg = drawn(line(1, 2, 2))
    assert '<svg viewBox=".5 0 288 130" preserveAspectRatio="none"><path class="ink-accent" d="M0' in svg


def test_colours_and_sizes_are_classes_alone() -> None:
    frame = Frame(times=BARE.times, marks=[Mark(start=0.2, end=0.3, tone="bad", word="outage")])
    svg = drawn(line(1, None, 2, 2), line(1, 2, style="bars"), frame=frame, named=True)
    assert not re.findall(r"style=|fill=|stroke=|width=|height=|font", svg)
    assert 'class="dots ink-accent"' in svg and 'class="bars ink-accent"' in svg


def test_a_second_unit_has_an_axis_at_the_other_side() -> None:
    svg = drawn(line(10), line(50, unit="%"))
    assert svg.startswith('<svg class="picture two"')
    assert '<text class="r" x="100%" dx="6" y="130">0 %</text>' in svg
    assert '<text class="y" x="-6" y="130">0 ms</text>' in svg
    assert 'class="r"' not in drawn(line(10), line(20))


def test_a_time_stands_there_once_for_all_widths_that_show_it() -> None:
    svg = drawn(line(1, 2))
    assert '<text class="t0 t1 t2 t3" x="50%" y="149">12:00</text>' in svg
    assert svg.count("Nov 21") == 1 and '<text class="t3" x="75%" y="149">18:00</text>' in svg
    assert '<path class="ink-line t3" d="M750 130v5"/>' in svg


def test_marks_are_bands_or_lines_with_their_words_only_where_they_are_named() -> None:
    marks = [
        Mark(start=-0.5, end=0.1, tone="bad", word="outage"),
        Mark(start=0.5, end=0.5, tone="bad", word="outage"),
        Mark(start=0.75, end=None, tone="start", word="restart"),
        Mark(start=1.5, end=None, tone="info", word="later"),
    ]
    svg = drawn(line(1, 2), frame=Frame(times=BARE.times, marks=marks), named=True)
    assert '<path class="bars ink-soft-bad" d="M0 0v130h100V0zM500 0v130h3V0z"/>' in svg
    assert '<path class="mark ink-start" d="M750 0v130"/>' in svg
    assert svg.count(">restart<") == 1 and "later" not in svg and "ink-info" not in svg
    assert ">restart<" not in drawn(line(1, 2), frame=Frame(times=BARE.times, marks=marks))


def test_without_points_there_are_axes_and_no_line() -> None:
    svg = drawing.svg([line()], BARE, label="none")
    assert "0 ms" in svg and 'class="ink-accent"' not in svg


def test_a_day_of_a_quiet_service_takes_few_bytes() -> None:
    assert len(drawn(line(*[40.0] * 288), line(*[41.0] * 288))) < 1600

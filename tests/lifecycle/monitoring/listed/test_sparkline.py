"""The line of the last 24 hours: few bytes, gaps where nothing answered, what is even is even."""

from __future__ import annotations

import random
import re

from lifecycle.monitoring.listed import sparkline


def points(response: str) -> list[list[tuple[int, int]]]:
    """The strokes of the path, drawn as a browser would."""
    drawn = re.search(r' d="([^"]*)"', sparkline.svg(response))
    assert drawn
    strokes: list[list[tuple[int, int]]] = []
    x = y = 0
    for command, numbers in re.findall(r"([mlh])([^mlh]*)", drawn[1]):
        values = [int(number) for number in re.findall(r"-?\d+", numbers)]
        if command == "h":
            assert values == [0]
            continue
        for n in range(0, len(values), 2):
            x, y = x + values[n], y + values[n + 1]
            if command == "m":
                strokes.append([])
            strokes[-1].append((x, y))
    return strokes


def test_an_hour_without_an_answer_is_a_gap() -> None:
    response = " ".join(["40", "40", "-", "80", *["40"] * 20])
    first, second = points(response)
    assert [x for x, _ in first] == [0, 2]
    assert [x for x, _ in second] == [2 * n for n in range(3, 24)]
    assert second[0][1] < second[1][1] == first[0][1], "slower is higher"


def test_every_hour_has_its_place_and_the_newest_is_at_the_right() -> None:
    dice = random.Random(1)
    for _ in range(50):
        hours = [dice.choice(["-", str(dice.randrange(5000))]) for _ in range(24)]
        found = (
            [x // 2 for stroke in points(" ".join(hours)) for x, _ in stroke] if set(hours) != {"-"} else []
        )
        assert found == [n for n, hour in enumerate(hours) if hour != "-"]
        assert all(0 <= y <= 9 for stroke in points(" ".join(hours)) for _, y in stroke)
    assert [x for x, _ in points("7 7")[0]] == [44, 46]


def test_what_is_even_is_a_flat_line_in_the_middle() -> None:
    assert {y for _, y in points(" ".join(["44"] * 24))[0]} <= {4, 5}
    assert max(y for _, y in points(" ".join(["0"] * 24))[0]) == 9


def test_nothing_is_drawn_of_nothing() -> None:
    assert sparkline.svg("") == "" and sparkline.svg("- - -") == ""


def test_it_takes_few_bytes() -> None:
    dice = random.Random(2)
    sizes = [len(sparkline.svg(" ".join(str(dice.randrange(10, 900)) for _ in range(24)))) for _ in range(50)]
    assert max(sizes) < 160

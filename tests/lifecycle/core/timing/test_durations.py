"""Times and numbers read as people write them, wherever they stand."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from lifecycle.core.policy.tuning import SETTINGS
from lifecycle.core.timing.durations import number, span
from tests.support.tools import ROOT


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0004, "1 ms"),
        (0.25, "250 ms"),
        (0.9999, "1 s"),
        (5.78646, "5.8 s"),
        (5.9618, "6 s"),
        (8.0, "8 s"),
        (9.97, "10 s"),
        (10.5, "10.5 s"),
        (59.6, "59.6 s"),
        (59.97, "1 min"),
        (75, "1 min 15 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (7260, "2 h 1 min"),
        (2.592e6, "30 d"),
        (3.1536e7, "365 d"),
        (-90, "-1 min 30 s"),
    ],
)
def test_a_stretch_of_time_has_two_units_and_no_exponent(seconds: float, words: str) -> None:
    assert span(seconds) == words
    assert span(timedelta(seconds=seconds)) == words or abs(seconds) < 0.001


def test_a_number_is_never_written_with_an_exponent() -> None:
    assert [number(n) for n in (86_400, 0.1, 2.5, 1e7, 0)] == ["86,400", "0.1", "2.5", "10,000,000", "0"]


def test_no_setting_of_a_policy_is_told_in_bare_seconds_where_it_is_hours_or_days() -> None:
    told = {name: setting.allowed for name, setting in SETTINGS.items()}
    assert told["give_up_after"] == "60 to 31,536,000 s (365 d), or 0 for never"
    assert told["tools_update_interval"] == "10 to 2,592,000 s (30 d)"
    assert not [text for text in told.values() if re.search(r"\de\+", text)]
    assert SETTINGS["max_delay"].text(600) == "600 s (10 min)"


def test_no_text_of_ours_writes_seconds_by_the_general_format() -> None:
    """`:g` turns 3.1536e+07 out, and 5.78646; `core.spans` is the place for it."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("lifecycle", "registry", "mcpstore_site")
        for path in (ROOT / folder).rglob("*.py")
        if "benchmarks" not in path.parts
        for line in path.read_text().splitlines()
        if re.search(r":\.?\d*g\} s", line)
    ]
    assert found == []

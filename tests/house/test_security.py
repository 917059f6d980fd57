"""What SECURITY.md and the table of the ASVS name is there, and every requirement has one row."""

from __future__ import annotations

import re
from collections import Counter

from tests.support.tools import ROOT

ASVS = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| ((?:\d+\.\d+\.\d+(?: \(L1\))?(?:, )?)+) \| (met|n/a|not met) \| (.+) \|$", re.MULTILINE
)
LEVEL_1, LEVELS_1_AND_2 = 70, 253
"""How many there are in ASVS 5.0.0."""


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", ASVS + SECURITY))
    assert len(named) > 50
    assert sorted(path for path in named if not (ROOT / path).is_file()) == []


def test_every_requirement_has_one_row() -> None:
    rows = ROW.findall(ASVS)
    assert len(rows) == sum(line.startswith("| ") for line in ASVS.splitlines()) - ASVS.count(
        "| requirement |"
    )
    found = [one for names, _state, _words in rows for one in names.split(", ")]
    numbers = Counter(one.partition(" ")[0] for one in found)
    assert [number for number, times in numbers.items() if times > 1] == []
    assert len(numbers) == LEVELS_1_AND_2
    assert sum(one.endswith("(L1)") for one in found) == LEVEL_1


def test_what_is_met_names_a_test_and_the_figures_are_those_of_the_rows() -> None:
    counted = Counter[str]()
    for names, state, words in ROW.findall(ASVS):
        counted[state] += len(names.split(", "))
        assert ("`tests/" in words) is (state == "met"), names
    said = re.search(r"Met: (\d+), not applicable: (\d+), not met: (\d+)\.", ASVS)
    assert said and [counted[state] for state in ("met", "n/a", "not met")] == [int(n) for n in said.groups()]


def test_the_table_is_led_to() -> None:
    assert "docs/asvs.md" in SECURITY

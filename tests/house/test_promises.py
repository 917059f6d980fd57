"""The README's promises and docs/promises.md agree, and every test that is named is there."""

from __future__ import annotations

import re

from tests.support.tools import ROOT

PROMISES = (ROOT / "docs" / "promises.md").read_text()
README = (ROOT / "README.md").read_text()


def test_every_named_test_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", PROMISES))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_promise_of_the_readme_has_its_tests() -> None:
    section = README.split("## Promises")[1].split("What is **not** promised")[0]
    promised = re.findall(r"^(\d+)\. ", section, re.M)
    assert promised == re.findall(r"^\| (\d+) \|", PROMISES, re.M)


def test_the_readme_names_both_commands_and_its_pictures_are_there() -> None:
    assert "make up" in README and "make test" in README
    for place in re.findall(r"\]\(((?!https?:)[^)#]+)\)", README):
        assert (ROOT / place).exists(), place

"""No test is lost between the groups of `make test`."""

from __future__ import annotations

from tests.support.groups import is_of_another
from tests.support.tools import ROOT

GROUPS = ("not alone", "both_databases", "alone")


def test_every_file_of_tests_is_of_a_group_and_its_marks_are_followed() -> None:
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(files) > 300
    for file in files:
        text = file.read_text(encoding="utf-8")
        of = {group for group in GROUPS if not is_of_another(file, group)}
        assert of & {"alone", "not alone"}, file
        assert "both_databases" in of or "pytest.mark.both_databases" not in text, file
        assert "alone" in of or "pytest.mark.alone" not in text, file


def test_the_makefile_runs_these_groups_and_an_unknown_choice_leaves_out_nothing() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f'-m "{group}"' in makefile or f"-m {group}" in makefile for group in GROUPS)
    assert not any(is_of_another(file, "slow or alone") for file in (ROOT / "tests").rglob("test_*.py"))

"""The page of the figures is renewed file by file."""

from __future__ import annotations

from datetime import date

from tests.guarantees.figures import Figure, Run

FIRST, LATER = date(2026, 3, 1), date(2026, 3, 9)


def run(file: str, *figures: Figure, failed: bool = False) -> Run:
    made = Run(figures={(file, figure.name): figure for figure in figures})
    made.count(file, "passed", 2.0, whole=False)
    made.count(file, "failed" if failed else "passed", 1234.4, whole=True)
    return made


def test_a_run_of_one_file_renews_its_own_lines_and_leaves_the_others() -> None:
    before = run("tests/a.py", Figure(2, "kills", 100, ""), Figure(6, "left", 0, ""))
    page = before.page("", FIRST, "abc1")
    page = run("tests/b.py", Figure(3, "messages", 4321, "")).page(page, FIRST, "abc1")
    page = run("tests/a.py", Figure(2, "kills", 98.5, "s")).page(page, LATER, "def2+")
    assert [line for line in page.splitlines() if line.startswith("| ")] == [
        "| promise | what | measured | by |",
        "| 2 | kills | 98.50 s | `tests/a.py` |",
        "| 3 | messages | 4,321 | `tests/b.py` |",
        "| tests | passed | failed | skipped | took | on | code |",
        "| `tests/a.py` | 1 | 0 | 0 | 1,236 s | 2026-03-09 | `def2+` |",
        "| `tests/b.py` | 1 | 0 | 0 | 1,236 s | 2026-03-01 | `abc1` |",
    ]
    assert "All 2 tests passed." in page


def test_a_failure_stands_in_the_head_until_its_file_is_run_again() -> None:
    page = run("tests/a.py", failed=True).page("", FIRST, "abc1")
    page = run("tests/b.py").page(page, FIRST, "abc1")
    assert "1 of 2 tests failed." in page
    assert "All 2 tests passed." in run("tests/a.py").page(page, LATER, "abc1")

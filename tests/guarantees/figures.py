"""The figures of a long run: what the tests of the promises measured, and the page that tells them.

The page can be renewed file by file: a run replaces the lines of the files that it ran and leaves the others.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

LONG = os.environ.get("GUARANTEES_LONG", "") not in ("", "0")
PAGE = os.environ.get("GUARANTEES_PAGE", "")
ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = """# What the promises' tests measured

Written by `make guarantees`, the long form of the tests of the [promises](promises.md): do not edit it.
`make test` runs the same tests in a short form. `make guarantees ONLY=tests/guarantees/test_zoo.py` renews
the lines of that file alone, so each file has its own day and its own state of the code.

Last run on {cores} cores, Python {python}, SQLite {sqlite}. {verdict}
"""
FIGURES = "| promise | what | measured | by |"
FILES = "| tests | passed | failed | skipped | took | on | code |"


@dataclass(frozen=True)
class Figure:
    promise: int
    name: str
    value: float
    unit: str

    def row(self, file: str) -> tuple[str, ...]:
        number = f"{self.value:,.0f}" if self.value == int(self.value) else f"{self.value:,.2f}"
        return str(self.promise), self.name, f"{number}{f' {self.unit}' if self.unit else ''}", f"`{file}`"


@dataclass
class Tally:
    """How the tests of one file went."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0

    def row(self, file: str, day: date, code: str) -> tuple[str, ...]:
        counts = (str(self.passed), str(self.failed), str(self.skipped))
        return f"`{file}`", *counts, f"{self.seconds:,.0f} s", day.isoformat(), f"`{code}`"


@dataclass
class Run:
    """One session of pytest; figures by file and name."""

    figures: dict[tuple[str, str], Figure] = field(default_factory=dict)
    files: dict[str, Tally] = field(default_factory=dict)

    def count(self, file: str, outcome: str, seconds: float, *, whole: bool) -> None:
        """A phase of a test has ended; *whole* is the one that says how the test went."""
        tally = self.files.setdefault(file, Tally())
        tally.seconds += seconds
        if outcome == "failed":
            tally.failed += 1
        elif outcome == "skipped":
            tally.skipped += 1
        elif whole:
            tally.passed += 1

    def page(self, earlier: str, day: date, code: str) -> str:
        """The page in Markdown; of the *earlier* one stays what is of files that this run did not run."""
        ran = {f"`{file}`" for file in self.files}
        figures = [row for row in _rows(earlier, FIGURES) if row[-1] not in ran]
        figures += [figure.row(file) for (file, _), figure in self.figures.items()]
        files = [row for row in _rows(earlier, FILES) if row[0] not in ran]
        files += [tally.row(file, day, code) for file, tally in self.files.items()]
        figures.sort(key=lambda row: (int(row[0]), row[-1]))
        lines = [_head(files), *_table(FIGURES, figures), "", *_table(FILES, sorted(files))]
        return "\n".join(lines) + "\n"


def _rows(page: str, header: str) -> list[tuple[str, ...]]:
    """The rows of the table under *header*."""
    _, found, after = page.partition(header + "\n")
    lines = after.splitlines()[1:] if found else []
    end = next((place for place, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[:end]]


def _table(header: str, rows: list[tuple[str, ...]]) -> list[str]:
    return [header, "|" + "---|" * (header.count("|") - 1), *(f"| {' | '.join(row)} |" for row in rows)]


def _head(files: list[tuple[str, ...]]) -> str:
    passed, failed = (sum(int(row[place]) for row in files) for place in (1, 2))
    return HEAD.format(
        cores=os.cpu_count(),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        verdict=f"{failed} of {passed + failed} tests failed." if failed else f"All {passed} tests passed.",
    )


def _code() -> str:
    """The commit that was run, with a plus where other files than the page differ from it."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{PAGE}")
    return f"{commit or 'unknown'}{'+' if changed else ''}"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


RUN = Run()


def note(promise: int, name: str, value: float, unit: str = "") -> None:
    """Keep what was measured for promise number *promise*, for the page that a long run writes."""
    file = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0]
    RUN.figures[file, name] = Figure(promise, name, value, unit)


def write(day: date) -> None:
    """Write the page where `make guarantees` wants it; any other run writes none."""
    if PAGE and RUN.files:
        page = Path(PAGE)
        page.write_text(RUN.page(page.read_text() if page.exists() else "", day, _code()))

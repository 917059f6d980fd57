"""The figures of a long run: what the tests of the promises measured, and the page that tells them."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

LONG = os.environ.get("GUARANTEES_LONG", "") not in ("", "0")
PAGE = os.environ.get("GUARANTEES_PAGE", "")
HEAD = """# What the promises' tests measured

Written by `make guarantees`, the long form of the tests of the [promises](promises.md): do not edit it.
`make test` runs the same tests in a short form.

Run on {day}, {cores} cores, Python {python}, SQLite {sqlite}. {verdict}
"""


@dataclass(frozen=True)
class Figure:
    promise: int
    name: str
    value: float
    unit: str

    def row(self) -> str:
        number = f"{self.value:,.0f}" if self.value == int(self.value) else f"{self.value:,.2f}"
        return f"| {self.promise} | {self.name} | {number}{f' {self.unit}' if self.unit else ''} |"


@dataclass
class Tally:
    """How the tests of one file went."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0


@dataclass
class Run:
    """One session of pytest."""

    figures: dict[str, Figure] = field(default_factory=dict)
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

    def page(self, day: date) -> str:
        """The page, in Markdown."""
        lines = [self._head(day), "| promise | what | measured |", "|---|---|---|"]
        lines += [figure.row() for figure in sorted(self.figures.values(), key=lambda one: one.promise)]
        lines += ["", "| tests | passed | failed | skipped | took |", "|---|---|---|---|---|"]
        lines += [_file_row(name, tally) for name, tally in sorted(self.files.items())]
        return "\n".join(lines) + "\n"

    def _head(self, day: date) -> str:
        failed = sum(tally.failed for tally in self.files.values())
        passed = sum(tally.passed for tally in self.files.values())
        verdict = f"{failed} tests failed." if failed else f"All {passed} tests passed."
        about: Mapping[str, object] = {
            "day": day.isoformat(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "verdict": verdict,
        }
        return HEAD.format(**about)


def _file_row(name: str, tally: Tally) -> str:
    return f"| `{name}` | {tally.passed} | {tally.failed} | {tally.skipped} | {tally.seconds:,.0f} s |"


RUN = Run()


def note(promise: int, name: str, value: float, unit: str = "") -> None:
    """Keep what was measured for promise number *promise*, for the page that a long run writes."""
    RUN.figures[name] = Figure(promise, name, value, unit)


def write(day: date) -> None:
    """Write the page where `make guarantees` wants it; any other run writes none."""
    if PAGE:
        Path(PAGE).write_text(RUN.page(day))

"""`manage.py benchmark`, small and short: the table's shape, and that its numbers were measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcpstore_site.benchmarks.support.scratch import BenchmarkError, Scratch
from mcpstore_site.benchmarks.table import Line, as_text, rank, slope
from tests.support.console import processes_marked
from tests.support.tools import ROOT

pytestmark = pytest.mark.timeout(400)
MAY_BE_ZERO = (
    "false failures",
    "lateness",
    "memory",
    "worker with one service",
    "refused",
    "roll-ups",
    "exactly",
    "torn",
)
PROMISED = {
    "registry": {"≤ 50 ms", "≤ 100 ms", "≤ 100 ms, ≤ 60 kB, ≤ 8 queries", "< 1 s, < 20 MB"},
    "engine": {"≤ 2.5 ms CPU", "≤ 20 %", "0", "< 1 s", "≤ 300 MB", "≤ 45 s", "≤ 150 ms", "≤ 1.6 MB"},
    "live": {"p50 ≤ 30 ms", "p99 ≤ 60 ms", "≤ 300 ms", "≤ 25 %"},
    "burst": {"0", "≤ 10 s"},
    "rest": {"≤ 250 MB"},
    "alerts": {"≤ 60 s", "≤ 3", "≤ 150 ms", "≤ 3 %"},
    "pages": {"≤ 100 ms, ≤ 60 kB, ≤ 8 queries", "≤ 300 MB"},
    "monitoring": {
        "p95 ≤ 100 ms, ≤ 10 queries",
        "p95 ≤ 100 ms, ≤ 60 kB, ≤ 8 queries",
        "p95 ≤ 60 ms, ≤ 720 points",
        "≤ 25 bytes",
        "constant",
        "≤ 5 %",
        "≤ 15 ms",
        "≥ 50 ×",
        "≤ 2.5 %",
        "≤ 10 s",
    },
}


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Path, subprocess.CompletedProcess[str]]]:
    """A quick run of each subject, all at once: they mostly wait, and nothing here judges their speed."""

    def run(subject: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
        place = tmp_path_factory.mktemp(subject)
        own = {"MCPSTORE_DATA_DIR": str(place / "data"), "TEST_MARK": mark(subject), "TMPDIR": str(place)}
        command = [sys.executable, "manage.py", "benchmark", subject, "--quick", "--json"]
        environment = {**os.environ, **own}
        return place, subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    with ThreadPoolExecutor(len(PROMISED)) as pool:
        return dict(zip(PROMISED, pool.map(run, PROMISED), strict=True))


def mark(subject: str) -> str:
    return f"benchmark-{os.getpid()}-{subject}"


@pytest.mark.parametrize("subject", PROMISED)
def test_a_quick_run_measures_every_figure_that_is_promised(
    subject: str, runs: dict[str, tuple[Path, subprocess.CompletedProcess[str]]]
) -> None:
    place, done = runs[subject]
    assert done.returncode == 0, done.stderr
    lines = [Line(**one) for one in json.loads(done.stdout)[subject]]
    assert {one.reach for one in lines} - {""} == PROMISED[subject]
    for one in lines:
        assert one.value is not None, one
        assert one.value > 0 or any(word in one.what for word in MAY_BE_ZERO), one
    assert any(one.floor for one in lines)
    assert processes_marked(mark(subject)) == []
    assert list(place.glob("mcpstore-benchmark-*")) == []
    # The settings make the console's own database file; the benchmark must not have used it.
    assert (place / "data" / "mcpstore.sqlite3").stat().st_size == 0


def test_a_measurement_that_fails_says_why_and_leaves_nothing() -> None:
    with pytest.raises(BenchmarkError, match="No module named"), Scratch() as scratch:
        process = scratch.program("target", "stdio")
        scratch.do("nonsense")
    assert process.poll() is not None
    assert not scratch.place.exists()


def test_the_table_reads_as_markdown() -> None:
    text = as_text([Line(what="a", reach="≤ 1 s", measured="0.5 s", value=0.5, floor="0.1 s")])
    assert text.splitlines() == [
        "| what | to reach | measured | floor |",
        "|------|----------|----------|-------|",
        "| a    | ≤ 1 s    | 0.5 s    | 0.1 s |",
    ]


def test_ranks_and_slopes() -> None:
    assert (rank([], 0.5), rank([3, 1, 2], 0.5), rank(range(100), 0.99)) == (0, 2, 99)
    assert slope([(0, 1), (1, 3), (2, 5)]) == 2
    assert slope([(0, 1)]) == 0


def test_an_older_checkout_is_measured_by_its_own_programs(tmp_path: Path) -> None:
    with Scratch(tmp_path) as older, Scratch() as ours:
        assert older.module("filling") == "mcpstore_site.benchmarks.filling"
        assert ours.module("filling") == "mcpstore_site.benchmarks.support.filling"
        assert older.python == ours.python == sys.executable


def test_an_older_checkout_is_measured_in_the_environment_that_it_has(tmp_path: Path) -> None:
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.touch()
    with Scratch(tmp_path) as older, Scratch() as ours:
        assert (older.python, ours.python) == (str(own), sys.executable)

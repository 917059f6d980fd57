"""`manage.py benchmark`, small and short: the table's shape, and that its numbers were measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcpstore_site.benchmarks.scratch import BenchmarkError, Scratch
from mcpstore_site.benchmarks.table import Line, as_text, rank, slope
from tests.support.console import processes_marked
from tests.support.tools import ROOT

pytestmark = pytest.mark.timeout(180)
MAY_BE_ZERO = ("false failures", "lateness", "memory", "worker with one service")
PROMISED = {
    "registry": {"≤ 100 ms", "< 1 s, < 20 MB"},
    "engine": {"≤ 2.5 ms CPU", "≤ 20 %", "0", "< 1 s", "≤ 300 MB", "≤ 45 s"},
    "live": {"p50 ≤ 60 ms", "p99 ≤ 250 ms", "≤ 1,000 ms", "≤ 35 %"},
    "pages": {"≤ 100 ms", "≤ 60 kB, ≤ 8 queries", "≤ 300 MB"},
}


@pytest.mark.parametrize("subject", PROMISED)
def test_a_quick_run_measures_every_figure_that_is_promised(subject: str, tmp_path: Path) -> None:
    mark, data = f"benchmark-{os.getpid()}-{subject}", tmp_path / "data"
    environment = {**os.environ, "MCPSTORE_DATA_DIR": str(data), "TEST_MARK": mark, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "benchmark", subject, "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [Line(**one) for one in json.loads(done.stdout)[subject]]
    assert {one.reach for one in lines} - {""} == PROMISED[subject]
    for one in lines:
        assert one.value is not None, one
        assert one.value > 0 or any(word in one.what for word in MAY_BE_ZERO), one
    assert any(one.floor for one in lines)
    assert processes_marked(mark) == []
    assert list(tmp_path.glob("mcpstore-benchmark-*")) == []
    assert not (data / "mcpstore.sqlite3").exists()


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

"""`kill -9` at every named step of summing up, closing, filling in and forgetting: nothing is off by one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from random import Random

import pytest

from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.models import RollupMark
from lifecycle.monitoring.rollups import marks, queries
from tests.guarantees import figures
from tests.guarantees.summing import STEPS, newest
from tests.lifecycle.monitoring.rollups.checking import START, by_hand, moment, stored
from tests.lifecycle.monitoring.rollups.test_backfill import upgraded
from tests.support.tools import ROOT
from tests.support.worker_program import environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
Run = Callable[[int, int], int]


@pytest.fixture
def run() -> Iterator[Run]:
    """Lets a child live until a step is passed for the n-th time; its exit status."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.guarantees.summing"],
        cwd=ROOT,
        env=environment() | {"DJANGO_SETTINGS_MODULE": "mcpstore_site.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None and program.stdout is not None
    stdin, stdout = program.stdin, program.stdout

    def ask(number: int, last: int) -> int:
        stdin.write(f"{number} {last}\n")
        stdin.flush()
        return int(stdout.readline())

    yield ask
    stdin.close()
    stdout.close()
    program.wait(20)


def test_recomputed_totals_equal_the_checks_after_a_kill_at_any_step(run: Run) -> None:
    upgraded(Random(5), 5)
    kills = 0
    for passage in (1, 4):
        if passage == 4:  # as after another upgrade, since the first is over
            marks.move(marks.BACKFILL, START)
        for number, step in enumerate(STEPS):
            if step.group == "backfill" and not RollupMark.objects.filter(name=marks.BACKFILL).exists():
                continue
            status = run(number, passage)
            assert status in (-signal.SIGKILL, 0), step.name
            kills += status == -signal.SIGKILL
            agree(step.name)
    assert run(-1, 1) == 0
    agree("the end")
    assert RollupMark.objects.get(name="hour").until > newest() - 2 * HOUR
    assert kills > len(STEPS)
    figures.note(2, "kills at a named step of the sums", kills)


def agree(what: str) -> None:
    """Every stored sum is what the checks say, and where one is missing it was forgotten by its age."""
    until = dict(RollupMark.objects.values_list("name", "until"))
    filled = until.get(marks.BACKFILL) is None
    for span in (MINUTES, HOUR, DAY):
        found, exact = stored(span), by_hand(span)
        assert all(exact[key] == summary for key, summary in found.items()), what
        since = until.get(marks.PRUNED[span], 0)
        closed = until.get(marks.SERVICES.get(span, ""), 0) if span > MINUTES else 1 << 40
        missing = [key for key in exact if key not in found and since <= key[1] < closed]
        assert not missing or (span == MINUTES and not filled), (what, span, missing)
    if filled:
        now = newest() + 1
        ids = sorted({key[0] for key in by_hand(DAY)})
        found_now = queries.totals(ids, moment(0), moment(now))
        assert found_now == told(), what


def told() -> dict[int, summaries.Summary]:
    found: dict[int, list[summaries.Summary]] = {}
    for (service_id, _), summary in by_hand(MINUTES).items():
        found.setdefault(service_id, []).append(summary)
    return {service_id: summaries.merge(parts) for service_id, parts in found.items()}


def test_the_steps_are_places_in_the_product() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS)
    for step in STEPS:
        assert callable(getattr(step.place()[0], step.place()[1]))

"""A program whose children sum up checks until `kill -9` at a named step; the next goes on from there.

A line of stdin is the step's number and which passage is to be the last; -1 goes on until all is summed up.
The answer is the exit status of the child. The clock is that of the checks: each round takes minutes.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from itertools import count

from tests.guarantees.steps import Step, after, before

ROOM = "lifecycle.monitoring.rollups."
STEPS = (
    before("write", ROOM + "write:Rollups.add", "the checks are not summed up"),
    before("write", ROOM + "tables:put", "sums are made, not written"),
    after("write", ROOM + "write:Rollups.add", "sums are written, not committed"),
    before("write", ROOM + "write:Rollups._keep", "sums are committed, nobody remembers"),
    before("backfill", ROOM + "backfill:_store", "older checks are read, not summed up"),
    before("backfill", ROOM + "marks:move", "sums of older checks are written, the mark is not moved"),
    after("backfill", ROOM + "backfill:_store", "a service is done"),
    before("backfill", ROOM + "backfill:_finish", "all services are done"),
    after("backfill", ROOM + "marks:begin", "the marks are set, the backfill is still there"),
    before("roll-up", ROOM + "roll_up:_advance", "an hour is over"),
    before("roll-up", ROOM + "roll_up:_roll_up", "an hour is not summed up"),
    after("roll-up", ROOM + "roll_up:_roll_up", "an hour is summed up, the mark is not moved"),
    after("roll-up", ROOM + "roll_up:_advance", "the mark is moved, not committed"),
    after("roll-up", ROOM + "roll_up:step", "an hour of some services is committed"),
    before("fleet", ROOM + "fleet:_put", "the fleet's minutes are over"),
    after("fleet", ROOM + "fleet:_put", "the fleet's minutes are written, the mark is not moved"),
    after("fleet", ROOM + "fleet:step", "the fleet's minutes are committed"),
    after("prune", ROOM + "prune:_begin", "readers look for nothing older, all is there"),
    after("prune", ROOM + "prune:_prune", "one table is pruned, not committed"),
    after("prune", ROOM + "prune:Pruning.step", "some services are pruned"),
)
ROUND = 1700
KEPT = {0: 90.0, 300: 0.2, 3600: 0.5, 86400: 90.0}
"""Days: the checks stay, to compare with; what was summed up from them goes early."""


def death(last: int) -> Callable[[], None]:
    """What kills this process when it is called for the *last* time."""
    passages = count(1)

    def met() -> None:
        if next(passages) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    return met


def newest() -> int:
    from lifecycle.models import CheckResult

    found = CheckResult.objects.order_by("-at").values_list("at", flat=True).first()
    assert found is not None
    return found // 1000


def live(rounds: int) -> None:
    """So many rounds of checks, and after each some of what a worker does beside."""
    from lifecycle.monitoring.rollups import backfill, fleet, prune, roll_up
    from lifecycle.monitoring.rollups.write import Rollups
    from registry.models import Service
    from tests.lifecycle.monitoring.rollups.checking import moment, record
    from tests.lifecycle.monitoring.rollups.test_write import some

    ids = list(Service.objects.order_by("pk").values_list("pk", flat=True))
    rollups, pruning = Rollups(), prune.Pruning()
    for _ in range(rounds):
        now = newest() + ROUND
        chance = random.Random(now)
        record(rollups, some(chance, ids, now))
        record(rollups, some(chance, ids, now + 2))
        steps: list[Callable[[datetime], object]] = [backfill.step, roll_up.step, fleet.step]
        for step in steps:
            for _ in range(3):
                step(moment(now))
        pruning.step(KEPT, moment(now))


def finish() -> None:
    from lifecycle.monitoring.rollups import backfill, fleet, roll_up
    from tests.lifecycle.monitoring.rollups.checking import moment

    now = moment(newest() + 3600)
    for step in (backfill.step, roll_up.step, fleet.step):
        while step(now):
            pass


def fork(step: Step | None, last: int) -> int:
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        from lifecycle.monitoring.rollups import prune, roll_up

        roll_up.SERVICES_AT_ONCE = prune.SERVICES_AT_ONCE = 2
        if step is None:
            finish()
        else:
            step.install(death(last))
            live(200)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    import django

    django.setup()
    from lifecycle.monitoring.rollups import backfill, fleet  # noqa: F401 - children then begin at once

    for line in sys.stdin:
        number, last = map(int, line.split())
        os.write(1, f"{fork(STEPS[number] if number >= 0 else None, last)}\n".encode())


if __name__ == "__main__":
    main()

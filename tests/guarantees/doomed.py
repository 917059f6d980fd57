"""Workers that die by `kill -9` at a named step; a program that is ready to fork one at each line of stdin.

A line is the step's number in `steps.ALL` and which passage is to be the last; -1 is a worker that lives.
It answers with lines of JSON: `pid`, then `met` if the step was met, then `ended` with the exit status.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from itertools import count

CLAIM = timedelta(seconds=1)


def say(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def death(number: int, last: int) -> Callable[[], None]:
    """What kills this process when it is called for the *last* time."""
    passages = count(1)

    def met() -> None:
        if next(passages) == last:
            say(met=number)
            os.kill(os.getpid(), signal.SIGKILL)

    return met


def work(number: int, last: int) -> None:
    """Be a worker, in this process, until the step is met."""
    from lifecycle.alerts.outbox import queue
    from lifecycle.management.commands.runlifecycle import Command
    from lifecycle.signin import record
    from tests.guarantees.steps import ALL

    # What a dead worker had claimed is free after this; half a minute would make every test wait.
    queue.CLAIM = record.RENEWAL_LIMIT = record.REGISTRATION_LIMIT = CLAIM
    if number >= 0:
        ALL[number].install(death(number, last))
    Command().handle()


def fork(number: int, last: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with contextlib.suppress(SystemExit):
            work(number, last)
            code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    import django

    django.setup()
    from lifecycle.management.commands import runlifecycle  # noqa: F401 - every worker then begins at once

    for line in sys.stdin:
        number, last = map(int, line.split())
        pid = fork(number, last)
        say(pid=pid)
        _, status = os.waitpid(pid, 0)
        say(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()

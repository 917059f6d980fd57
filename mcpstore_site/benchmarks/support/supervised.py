"""What stands between a worker and its programs: whose memory, how much, and how much CPU."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, kw_only=True)
class Between:
    """How many programs were found; the memory and the seconds of CPU of all that supervises them."""

    programs: int
    megabytes: float
    seconds: float


def between(worker: int, program: str) -> Between:
    """Of the descendants of *worker*, those that are not *program*, by a word of its command line.

    Pages that several processes have count for each with its share, where the system tells.
    """
    programs, megabytes, seconds = 0, 0.0, 0.0
    for process in psutil.Process(worker).children(recursive=True):
        if program in process.cmdline():
            programs += 1
            continue
        memory, times = process.memory_full_info(), process.cpu_times()
        megabytes += getattr(memory, "pss", memory.uss) / 1e6
        seconds += times.user + times.system
    return Between(programs=programs, megabytes=megabytes, seconds=seconds)

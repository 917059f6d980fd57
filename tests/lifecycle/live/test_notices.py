"""The ear for other processes, where a worker has thousands of files open."""

from __future__ import annotations

import os
import resource

from lifecycle.live.feed import notices

MANY = 1500  # select() knows numbers up to 1,023


def test_files_with_high_numbers_are_waited_for_too() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * MANY)), hard))
    read_end, write_end = os.pipe()
    try:
        os.dup2(read_end, MANY)
        assert notices._ready(0, MANY) == []
        os.write(write_end, b"!")
        assert notices._ready(5, MANY) == [MANY]
    finally:
        for file in (read_end, write_end, MANY):
            os.close(file)

"""How many files and sockets this process may have open."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys

FILES_WANTED = 65536
SOCKETS_OF_ONE = 60
"""Live sockets of one session: far more than anybody has tabs."""


def allow_many_files() -> int:
    """Raise the soft limit, which is usually 1,024, as far as one may; what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return FILES_WANTED if soft == resource.RLIM_INFINITY else soft


def give_memory_back() -> None:
    """What is free goes back to the system; left to itself glibc keeps it for ever."""
    gc.collect()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)

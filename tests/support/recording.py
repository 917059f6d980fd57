"""Which tables an act wrote, read from its SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

WRITES = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.IGNORECASE)
# What nobody did: traces of use, the feed of the pages, the file's image, counters of sign-ins.
NOT_ACTS = {
    "django_session",
    "lifecycle_feeditem",
    "registry_auditentry",
    "registry_audithead",
    "registry_auditmember",
    "registry_configversion",
    "registry_registryhead",
    "registry_signinattempt",
}
TRACES = ("last_used_at", "token_used_at", "last_login")


@contextmanager
def written() -> Iterator[set[str]]:
    """The tables that the statements in here wrote, but for traces."""
    found: set[str] = set()

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        told = WRITES.match(sql)
        trace = any(f'SET "{column}"' in sql for column in TRACES)
        if told and told[1] not in NOT_ACTS and not trace:
            found.add(told[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield found

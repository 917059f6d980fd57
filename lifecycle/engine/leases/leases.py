"""The rows by which several workers on PostgreSQL share the services; all times are the database's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from lifecycle.core.timing.shares import LEASES
from lifecycle.engine.host import identity

TTL = 12.0
"""Seconds for which a worker is believed to live after each renewal."""
ALIVE = "stopped_at IS NULL AND lease_until > clock_timestamp()"
INSERT = (
    "INSERT INTO lifecycle_lease (shard, worker, epoch) SELECT generate_series(0, %s), '', 0"
    " ON CONFLICT DO NOTHING"
)
RENEW = (
    "UPDATE lifecycle_workerseen SET lease_until = clock_timestamp() + make_interval(secs => %s)"
    " WHERE name = %s AND stopped_at IS NULL"
)
EXPIRE = (
    "UPDATE lifecycle_workerseen SET lease_until = clock_timestamp() WHERE name = ANY(%s)"
    " AND lease_until > clock_timestamp()"
)
LIVE = f"SELECT name, place FROM lifecycle_workerseen WHERE {ALIVE}"  # noqa: S608
HOLDERS = "SELECT shard, worker, epoch FROM lifecycle_lease"
# A row that is locked belongs to a transaction that is under way; the next round tries again.
TAKE = f"""
UPDATE lifecycle_lease SET worker = %s, epoch = epoch + 1, changed_at = clock_timestamp() WHERE shard IN (
  SELECT free.shard FROM lifecycle_lease free WHERE free.shard = ANY(%s) AND NOT EXISTS (
    SELECT 1 FROM lifecycle_workerseen seen WHERE seen.name = free.worker AND {ALIVE}
  ) FOR UPDATE OF free SKIP LOCKED
) RETURNING shard, epoch"""  # noqa: S608
UNHELD = f"""
SELECT count(*) FROM lifecycle_lease lease JOIN lifecycle_workerseen seen ON seen.name = lease.worker
WHERE {ALIVE}"""  # noqa: S608
GIVE = (
    "UPDATE lifecycle_lease SET worker = '', changed_at = clock_timestamp()"
    " WHERE shard = ANY(%s) AND worker = %s"
)


@dataclass(frozen=True, kw_only=True)
class View:
    """Who lives, who holds which lease, and the epochs of our own."""

    live: frozenset[str]
    holders: dict[int, str]
    mine: dict[int, int]


def prepare() -> None:
    """The rows themselves, once."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [LEASES - 1])


def renew(worker: str) -> View:
    """Say that *worker* lives, that dead neighbours do not, and see how the leases stand."""
    with connection.cursor() as cursor:
        cursor.execute(RENEW, [TTL, worker])
        cursor.execute(LIVE)
        seen: dict[str, str] = dict(cursor.fetchall())
        dead = [name for name, where in seen.items() if name != worker and identity.is_gone(where)]
        if dead:
            cursor.execute(EXPIRE, [dead])
        cursor.execute(HOLDERS)
        rows = cursor.fetchall()
    return View(
        live=frozenset(seen) - frozenset(dead),
        holders={shard: name for shard, name, _ in rows},
        mine={shard: epoch for shard, name, epoch in rows if name == worker},
    )


def take(worker: str, shards: Collection[int]) -> dict[int, int]:
    """Those of *shards* that no living worker held and that are ours now, with their new epochs."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [worker, list(shards)])
        return dict(cursor.fetchall())


def unheld() -> int:
    """How many leases no living worker holds: their services are not watched now."""
    with connection.cursor() as cursor:
        cursor.execute(UNHELD)
        return LEASES - int(cursor.fetchone()[0])


def give(worker: str, shards: Collection[int]) -> None:
    """Let others have them; call it when nothing more will be written for their services."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE, [list(shards), worker])

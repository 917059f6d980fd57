"""What this worker may write for: each lease has an epoch, which a write of state checks as it commits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

from lifecycle.core.timing.shares import HOUSE, shard_of

P = ParamSpec("P")
T = TypeVar("T")
# The share lock holds off a takeover until we have committed. A worker that freezes in between must not hold
# it off for long: the server then ends our session.
STANDING = (
    "SELECT shard, epoch, set_config('idle_in_transaction_session_timeout', '5s', true)"
    " FROM lifecycle_lease WHERE shard = ANY(%s) AND worker = %s ORDER BY shard FOR SHARE"
)


class FencedError(Exception):
    """The lease for this service has gone to another worker; nothing was written."""


class Fence:
    """Where one worker has everything, as on SQLite: nothing is asked and all may be written."""

    @property
    def shards(self) -> frozenset[int] | None:
        """The shards whose services this worker should hold; None for all there are."""
        return None

    @property
    def house(self) -> bool:
        """Whether this worker does what only one may do."""
        return True

    def epoch_of(self, service_id: int) -> int | None:
        """Under which epoch this worker holds the service; None if it does not."""
        return 0

    def holds(self, service_id: int) -> bool:
        return self.epoch_of(service_id) is not None

    def standing(self, claims: Collection[tuple[int, int]]) -> frozenset[int]:
        """The services, of these (service, epoch), that are ours until the transaction ends."""
        return frozenset(service_id for service_id, _ in claims)

    def held_now(self, service_ids: Collection[int]) -> frozenset[int]:
        """As `standing`, under the epochs of this moment."""
        return frozenset(service_ids)

    def doubt(self) -> None:
        """A write was refused: look soon what is still ours."""

    def as_house(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Do what only one worker may do; None when that is another."""
        return work(*args, **kwargs)


class LeaseFence(Fence):
    """On PostgreSQL. `hold` and `drop` belong to the event loop, the rest may be asked from any thread."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._epochs: Mapping[int, int] = {}
        self._leaving: Mapping[int, int] = {}
        self.doubted = asyncio.Event()

    @property
    def epochs(self) -> Mapping[int, int]:
        """What is held, house included: shard to epoch."""
        return self._epochs

    @property
    def shards(self) -> frozenset[int]:
        return frozenset(self._epochs) - {HOUSE}

    @property
    def house(self) -> bool:
        return HOUSE in self._epochs

    def epoch_of(self, service_id: int) -> int | None:
        return self._epochs.get(shard_of(service_id))

    def doubt(self) -> None:
        self.doubted.set()

    def hold(self, taken: Mapping[int, int]) -> None:
        """From now on these are ours."""
        self._epochs = {**self._epochs, **taken}

    def leave(self, shards: Collection[int]) -> None:
        """Nothing new is begun for these; what is under way may yet be written down."""
        self._leaving = {shard: epoch for shard, epoch in self._epochs.items() if shard in shards}
        self._epochs = _without(self._epochs, shards)

    def drop(self, shards: Collection[int]) -> None:
        """From now on these are not ours."""
        self._epochs, self._leaving = _without(self._epochs, shards), _without(self._leaving, shards)

    def standing(self, claims: Collection[tuple[int, int]]) -> frozenset[int]:
        if not claims:
            return frozenset()
        ours = self._read({shard_of(service_id) for service_id, _ in claims})
        return frozenset(pk for pk, epoch in claims if ours.get(shard_of(pk)) == epoch)

    def held_now(self, service_ids: Collection[int]) -> frozenset[int]:
        known = {**self._leaving, **self._epochs}
        claims = ((service_id, known.get(shard_of(service_id))) for service_id in service_ids)
        return self.standing([(service_id, epoch) for service_id, epoch in claims if epoch is not None])

    def as_house(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        epoch = self._epochs.get(HOUSE)
        with transaction.atomic():
            if epoch is None or self._read({HOUSE}).get(HOUSE) != epoch:
                return None
            return work(*args, **kwargs)

    def _read(self, shards: Collection[int]) -> dict[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(STANDING, [sorted(shards), self.worker])
            return {shard: epoch for shard, epoch, _ in cursor.fetchall()}


def _without(epochs: Mapping[int, int], shards: Collection[int]) -> dict[int, int]:
    return {shard: epoch for shard, epoch in epochs.items() if shard not in shards}

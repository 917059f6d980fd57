"""When an owner does what next, on the event loop's clock, which no change of the wall clock moves."""

from __future__ import annotations

import asyncio
from datetime import datetime

from lifecycle.core.machine import moves
from lifecycle.core.machine.moves import Snapshot
from lifecycle.core.policy.policy import Policy
from lifecycle.core.reconnection import backoff

LIST_CHANGE_SETTLES = 0.5
LISTS_APART = 2.0
NEVER = float("inf")


class Schedule:
    """Three moments: the next attempt to connect, the next check, the next reading of the lists."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.retry_at = self.check_at = self.refresh_at = 0.0
        self._listed_at = float("-inf")

    def now(self) -> float:
        return self._loop.time()

    def plan_retry(self, snap: Snapshot, now: datetime) -> None:
        """As the snapshot says; a time far off comes from a wall clock that was wrong."""
        due = moves.due(snap)
        if due is None and snap.held_by:
            self.retry_at = NEVER
            return
        wait = 0.0 if due is None else (due - now).total_seconds()
        limit = backoff.RETRY_AFTER_LIMIT.total_seconds()
        self.retry_at = self.now() + min(max(wait, 0.0), limit)

    def retry_in(self, seconds: float) -> None:
        self.retry_at = self.now() + seconds

    def plan_first_check(self, policy: Policy, chance: float) -> None:
        """Anywhere in the first interval, so that those that connected together are not checked together."""
        self.check_at = self.now() + policy.health_check_interval.total_seconds() * chance

    def plan_check(self, policy: Policy, chance: float, *, unsure: bool) -> None:
        """From now on and not from when the last one was due: a late check is not caught up with."""
        self.check_at = self.now() + backoff.next_check(policy, unsure, chance).total_seconds()

    def check_in(self, seconds: float) -> None:
        self.check_at = self.now() + seconds

    def refresh_in(self, seconds: float) -> None:
        """Sooner than planned, for the last reading brought nothing."""
        self.refresh_at = min(self.refresh_at, self.now() + seconds)

    def check_soon(self) -> None:
        """At once."""
        self.check_at = min(self.check_at, self.now())

    def listing(self) -> None:
        """The lists are being read from now on: what the server says meanwhile asks for another reading."""
        self._listed_at, self.refresh_at = self.now(), NEVER

    def plan_refresh(self, policy: Policy, chance: float) -> None:
        """The lists were read; a change that the server told of meanwhile stays due."""
        wait = backoff.spread(policy.tools_update_interval, chance)
        self.refresh_at = min(self.refresh_at, self.now() + wait.total_seconds())

    def hasten(self, policy: Policy, chance: float) -> None:
        """Bring forward what a shorter interval makes due earlier, spread over that interval."""
        now = self.now()
        self.check_at = min(self.check_at, now + policy.health_check_interval.total_seconds() * chance)
        self.refresh_at = min(self.refresh_at, now + policy.tools_update_interval.total_seconds() * chance)

    def after_pause(self, policy: Policy, chance: float) -> None:
        """We stood still: what became due meanwhile is spread over one interval, not caught up with."""
        now = self.now()
        if self.check_at <= now:
            self.check_at = now + policy.health_check_interval.total_seconds() * chance
        if self.refresh_at <= now:
            self.refresh_at = now + policy.tools_update_interval.total_seconds() * chance

    def refresh_soon(self) -> None:
        """The lists changed; a server that says so often, or at each reading, is asked now and then."""
        due = max(self.now() + LIST_CHANGE_SETTLES, self._listed_at + LISTS_APART)
        self.refresh_at = min(self.refresh_at, due)

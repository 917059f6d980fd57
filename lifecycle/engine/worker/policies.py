"""The policies as the worker holds them: read again when a person has changed one."""

from __future__ import annotations

from lifecycle.core.policy.policy import Policy
from lifecycle.engine.worker.desired_state import Wanted
from lifecycle.policies import operations as policy_operations

Key = tuple[str, str, int]


class Policies:
    """Gives each service its policy without a query. `look` runs in the writer's thread, now and again."""

    def __init__(self) -> None:
        self._rows = policy_operations.Rows(revision=-1, profiles={}, services={})
        self._made: dict[Key, Policy] = {}

    def look(self) -> policy_operations.Rows | None:
        """All rows, if they changed since `take`; one small query while they have not."""
        return policy_operations.rows() if policy_operations.revision() != self._rows.revision else None

    def take(self, rows: policy_operations.Rows) -> None:
        """From now on these count."""
        self._rows, self._made = rows, {}

    def usual(self) -> Policy:
        """The policy of an ordinary service."""
        return self._rows.policy(0, "normal", "normal")

    def of(self, wanted: Wanted) -> Policy:
        """The policy of one service; services that differ in nothing share one."""
        own = wanted.id if wanted.id in self._rows.services else 0
        key = (wanted.profile, wanted.priority, own)
        if key not in self._made:
            self._made[key] = self._rows.policy(own, wanted.profile, wanted.priority)
        return self._made[key]

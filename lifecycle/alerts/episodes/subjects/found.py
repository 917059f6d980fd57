"""What a look at workers or their like has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lifecycle.core.alerting.subjects import Subject


@dataclass(frozen=True, kw_only=True)
class Found:
    """Of whom it holds and why, of whom nothing is known, and who is gone; of others it does not hold."""

    true: Mapping[Subject, str] = field(default_factory=dict)
    unknown: frozenset[Subject] = frozenset()
    gone: frozenset[Subject] = frozenset()

    def holds(self, subject: Subject) -> bool | None:
        if subject in self.true:
            return True
        return None if subject in self.unknown else False

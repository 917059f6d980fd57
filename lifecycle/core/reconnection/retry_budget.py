"""The retry budget: how many retries all services together may make (requirements 2.4). Pure token bucket.

A retry takes a token; one that succeeds gives it back, so that what is gone does not hold up what comes back.
Times are seconds of any steady clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Terms:
    """At most *capacity* at once, and *per_second* in the long run."""

    capacity: float
    per_second: float


USUAL = Terms(capacity=60, per_second=20)
SLOWED = Terms(capacity=10, per_second=5)
"""While most services fail at once: then it is likely not they that are to blame."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """So many tokens were left at that moment."""

    terms: Terms = USUAL
    tokens: float = USUAL.capacity
    at: float = 0.0


def left(budget: Budget, now: float) -> float:
    """The tokens that there are by *now*."""
    grown = budget.tokens + max(now - budget.at, 0.0) * budget.terms.per_second
    return min(grown, budget.terms.capacity)


def take(budget: Budget, now: float) -> Budget | None:
    """The budget with one token less; None where there is none."""
    tokens = left(budget, now)
    return replace(budget, tokens=tokens - 1, at=now) if tokens >= 1 else None


def give_back(budget: Budget, now: float) -> Budget:
    """The budget with one token more, as far as its capacity allows."""
    return replace(budget, tokens=min(left(budget, now) + 1, budget.terms.capacity), at=now)


def wait(budget: Budget, now: float) -> float:
    """The seconds until there is a token."""
    return max(0.0, (1 - left(budget, now)) / budget.terms.per_second)


def on_terms(budget: Budget, terms: Terms, now: float) -> Budget:
    """The same budget under other terms from now on."""
    return Budget(terms=terms, tokens=min(left(budget, now), terms.capacity), at=now)

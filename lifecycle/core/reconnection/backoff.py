"""When to try again: two speeds, weighed by priority, spread by chance (requirements 2.4)."""

from __future__ import annotations

from datetime import timedelta

from lifecycle.core.policy.policy import Policy

SPREAD = 0.2
RETRY_AFTER_LIMIT = timedelta(hours=1)
LASTING = timedelta(seconds=30)
REOPENED_AFTER, REOPENED_AT_LAST = timedelta(seconds=1), timedelta(seconds=300)


def spread(delay: timedelta, chance: float) -> timedelta:
    """*delay* moved by up to ±20 %; *chance* lies in [0, 1)."""
    return delay * (1 - SPREAD + 2 * SPREAD * chance)


def _doubled(base: timedelta, times: int, limit: timedelta) -> timedelta:
    factor = float(2 ** min(times, 30))
    return limit if base >= limit / factor else base * factor


def quick(attempts: int, policy: Policy, chance: float) -> timedelta:
    """The wait in RECONNECTING after *attempts* failed ones: none, then 1, 2, 4, 8, 16, 30, 30 … s."""
    if attempts <= 0:
        return timedelta(0)
    plain = _doubled(timedelta(seconds=1), attempts - 1, policy.quick_max_delay)
    return spread(plain * policy.priority_factor, chance)


def long(cycles: int, policy: Policy, chance: float) -> timedelta:
    """The wait in UNREACHABLE after *cycles* failed long-cycle attempts: 60 s doubling to 600 s."""
    plain = _doubled(policy.base_delay, max(cycles, 0), policy.max_delay)
    return spread(plain * policy.priority_factor, chance)


def honour(delay: timedelta, retry_after: timedelta | None) -> timedelta:
    """At least what the server asked for by Retry-After, which we believe up to an hour."""
    return delay if retry_after is None else max(delay, min(retry_after, RETRY_AFTER_LIMIT))


def throttled(policy: Policy, retry_after: timedelta | None) -> timedelta:
    """The wait until the next check of a server that throttles: as told, and not sooner than usual."""
    return honour(policy.health_check_interval, retry_after)


def next_check(policy: Policy, failing: bool, chance: float) -> timedelta:
    """The wait until the next check: soon after a failure, else the interval; ±20 % either way."""
    return spread(policy.failure_recheck_interval if failing else policy.health_check_interval, chance)


def reopening(early: int, chance: float) -> timedelta:
    """The wait until a stream is opened again after *early* short ones in a row: 1 s doubling to 300 s."""
    return spread(_doubled(REOPENED_AFTER, max(early, 0), REOPENED_AT_LAST), chance)

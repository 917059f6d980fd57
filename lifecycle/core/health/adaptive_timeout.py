"""How long to wait for the answer to a check, learnt from the last answers (requirements 2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from lifecycle.core.policy.policy import Policy

LEAST, MOST = 0.5, 3.0
"""Of the fixed wait."""

Answers = tuple[timedelta, ...]


def remember(answers: Answers, took: timedelta | None, policy: Policy) -> Answers:
    """The last answers, with this one; nothing is kept while the policy does not ask for it."""
    if not policy.adaptive:
        return ()
    return answers if took is None else (*answers, took)[-policy.history_size :]


def wait(answers: Sequence[timedelta], policy: Policy) -> timedelta:
    """The longest wait: the fixed one, or a multiple of the average within bounds of it."""
    if not (policy.adaptive and answers):
        return policy.ping_timeout
    average = sum(answers, timedelta(0)) / len(answers)
    least, most = policy.ping_timeout * LEAST, policy.ping_timeout * MOST
    return min(max(average * policy.adaptive_multiplier, least), most)


def fitted(policy: Policy, answers: Sequence[timedelta]) -> Policy:
    """The policy for the next check: an answer that comes within the adapted wait is slow, not a failure."""
    limit = wait(answers, policy)
    if limit == policy.ping_timeout:
        return policy
    return replace(policy, ping_timeout=limit, slow_threshold=max(policy.slow_threshold, limit))

"""The cooldown that rules have unless a person gave them another."""

from __future__ import annotations

from lifecycle.models import AlertRule


def follow(before: int, after: int) -> int:
    """Rules with the usual cooldown of before get the one of now, in seconds; how many did."""
    if before == after:
        return 0
    return AlertRule.objects.filter(cooldown_seconds=before).update(cooldown_seconds=after)

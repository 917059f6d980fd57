"""The escalation of a rule as its row has it: steps of channels, each after a wait."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.core.alerting.escalation import Step
from lifecycle.models import AlertRule, Channel


def of(rule: AlertRule) -> list[Step]:
    """In their order; empty where nobody else is told."""
    return [Step.read(raw) for raw in rule.steps]


def named(steps: Sequence[Step]) -> dict[int, Channel]:
    """The channels that they name and that are there still; one query where there are any."""
    numbers = {number for step in steps for number in step.channels}
    return Channel.objects.in_bulk(numbers) if numbers else {}

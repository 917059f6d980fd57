"""REST: a week's noise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.alerts.explain.noise import figures, weeks
from registry.access.callers import VIEWER_OF_ALL
from registry.rest.problems import ProblemError

router = Router()


class NoiseQuery(Schema):
    week: str = Field("", max_length=10, description="such as 2026-W48; empty is this week")


class NoiseAnswer(Schema):
    rule: str
    rule_id: int
    sent: int = Field(description="alerts that fired")
    messages: int = Field(description="delivered for them")
    acknowledged: int
    brief: int = Field(description="self-resolved within 2 minutes")
    for_seconds: float | None = Field(description="how long the rule waits now")
    proposed_for_seconds: float | None = Field(
        description="the shortest of 15, 30, 45, 60, 90, 120, 180, 240, 300 that is longer than 80 % of the "
        "brief, unacknowledged problems lasted; null for fewer than three"
    )
    spared: int = Field(description="alerts that the proposal would have avoided")


class NoiseList(Schema):
    week: str
    begins: datetime
    ends: datetime
    count: int
    results: list[NoiseAnswer]


@router.get("alert-noise", auth=VIEWER_OF_ALL, response=NoiseList, summary="Report a week's noise")
def alert_noise(request: HttpRequest, query: Query[NoiseQuery]) -> dict[str, Any]:
    """Rule by rule, the noisiest first."""
    week = weeks.read(query.week) if query.week else weeks.of(timezone.now())
    if week is None:
        raise ProblemError(422, f"{query.week!r} is no week. Write one as 2026-W48.", where="query.week")
    rows = [
        {
            "rule": found.rule.name,
            "rule_id": found.rule.pk,
            "sent": found.noise.sent,
            "messages": found.messages,
            "acknowledged": found.noise.acknowledged,
            "brief": found.noise.brief,
            "for_seconds": found.hold.total_seconds() if found.hold is not None else None,
            "proposed_for_seconds": found.noise.proposed.total_seconds() if found.noise.proposed else None,
            "spared": found.noise.spared,
        }
        for found in figures.of(week)
    ]
    return {"week": week.name, "begins": week.begins, "ends": week.ends, "count": len(rows), "results": rows}

"""What silences and pages need of an episode: what it is about, and that it looks different now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lifecycle.alerts.rules import values as rule_values
from lifecycle.models import Episode

NOTED_AT_MOST = 200


def about(row: Episode) -> tuple[str | None, Collection[str], int]:
    """Its service, that one's tags, and its rule."""
    service = row.service
    return (service.name, service.tags, row.rule_id) if service else (None, [], row.rule_id)


def note_open(now: datetime) -> None:
    """The pages show open episodes anew."""
    live = Episode.objects.exclude(state=Episode.State.RESOLVED).order_by("-pk")
    rule_values.note_ids(list(live.values_list("pk", flat=True)[:NOTED_AT_MOST]), now)

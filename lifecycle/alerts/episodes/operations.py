"""What a person does about an episode: acknowledge it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lifecycle.alerts.rules import values as rule_values
from lifecycle.models import Episode
from registry.access import audit


def acknowledge(episode: int, *, by: str, now: datetime) -> bool:
    """Take it on; False when it was not firing any more."""
    with transaction.atomic():
        firing = Episode.objects.filter(pk=episode, state=Episode.State.FIRING)
        if not firing.update(state=Episode.State.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by[:150]):
            return False
        audit.note(by, "alert.acknowledge", f"episode {episode}", now=now)
        rule_values.note_id(episode, now)
    return True

"""What a person does about an episode: acknowledge it, write on it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lifecycle.alerts.outbox.escalation import rows as escalation
from lifecycle.alerts.rules import values as rule_values
from lifecycle.models import Episode, EpisodeNote
from registry.access import audit


def acknowledge(episode: int, *, by: str, now: datetime) -> bool:
    """Take it on; False when it was not firing any more."""
    with transaction.atomic():
        firing = Episode.objects.filter(pk=episode, state=Episode.State.FIRING)
        if not firing.update(state=Episode.State.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by[:150]):
            return False
        escalation.call_off([episode])
        audit.note(by, "alert.acknowledge", f"episode {episode}", now=now)
        rule_values.note_id(episode, now)
    return True


def note(row: Episode, text: str, *, by: str, now: datetime) -> EpisodeNote:
    """A line that stays on the episode."""
    with transaction.atomic():
        made = EpisodeNote.objects.create(
            episode=row, kind=EpisodeNote.Kind.NOTE, text=text, by=by[:150], at=now
        )
        audit.note(by, "alert.note", f"episode {row.pk}", now=now, after={"text": text})
        rule_values.note_id(row.pk, now)
    return made

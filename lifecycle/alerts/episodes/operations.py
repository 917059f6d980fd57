"""What a person does about episodes: acknowledge one or many, write on one."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from lifecycle.alerts.outbox.escalation import rows as escalation
from lifecycle.alerts.rules import values as rule_values
from lifecycle.models import Episode, EpisodeNote
from registry.access import audit
from registry.access.audit import Member
from registry.models.scoped import Ids

AT_ONCE = 500


def acknowledge(episode: int, *, by: str, now: datetime) -> bool:
    """Take it on; False when it was not firing any more."""
    return bool(acknowledge_all(Episode.objects.filter(pk=episode), by=by, now=now))


def acknowledge_all(rows: QuerySet[Episode], *, by: str, now: datetime) -> list[int]:
    """Take on those of *rows* that still fire, as one act; which these were."""
    with transaction.atomic():
        firing = rows.filter(state=Episode.State.FIRING).order_by().select_for_update()
        taken = sorted(firing.values_list("pk", flat=True))
        if not taken:
            return []
        mine = Episode.objects.filter(Q(pk__among=Ids(taken)), state=Episode.State.FIRING)
        mine.update(state=Episode.State.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by[:150])
        for start in range(0, len(taken), AT_ONCE):
            escalation.call_off(taken[start : start + AT_ONCE])
        _note_taken(taken, by, now)
    return taken


def _note_taken(taken: list[int], by: str, now: datetime) -> None:
    if len(taken) == 1:
        (pk,) = taken
        audit.note(by, "alert.acknowledge", f"episode {pk}", now=now)
    else:
        names = Episode.objects.filter(Q(pk__among=Ids(taken))).order_by("pk")
        about = names.values_list("pk", Coalesce("service__name", "subject_name"))
        members = [Member(name=name or "—", detail=f"episode {pk}") for pk, name in about]
        audit.together(by, "alert.acknowledge", members, now=now, target=f"{len(taken):,} alerts")
    rule_values.note_ids(taken, now)


def note(row: Episode, text: str, *, by: str, now: datetime) -> EpisodeNote:
    """A line that stays on the episode."""
    with transaction.atomic():
        made = EpisodeNote.objects.create(
            episode=row, kind=EpisodeNote.Kind.NOTE, text=text, by=by[:150], at=now
        )
        audit.note(by, "alert.note", f"episode {row.pk}", now=now, after={"text": text})
        rule_values.note_id(row.pk, now)
    return made

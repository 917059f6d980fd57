"""What became of one alert, as lines in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.presenter import (
    DELIVERY_KINDS,
    DELIVERY_STATES,
    ENDINGS,
    EPISODE_STATES,
    Moment,
    moment,
)
from lifecycle.models import Episode, EpisodeNote
from registry.installation.sentences import mark


@dataclass(frozen=True, kw_only=True)
class CourseLine:
    """One line of what became of an alert."""

    at: Moment
    word: str
    text: str = ""
    by: str = ""


NOTE_WORDS = {
    EpisodeNote.Kind.NOTE: lazy("Note"),
    EpisodeNote.Kind.SILENCED: lazy("Silenced"),
    EpisodeNote.Kind.MAINTENANCE: lazy("In maintenance"),
    EpisodeNote.Kind.TOLD: lazy("Sent"),
    EpisodeNote.Kind.REMINDED: lazy("Reminder sent"),
    EpisodeNote.Kind.NOT_ESCALATED: lazy("Not escalated"),
    EpisodeNote.Kind.FLAPPING: lazy("Held back"),
    EpisodeNote.Kind.RESPONSE: lazy("Automatic response"),
}


def course(row: Episode, now: datetime) -> list[CourseLine]:
    """All that became of it, in the order of time."""
    found = [(row.opened_at, str(_("Condition met")), "", "")]
    if row.fired_at:
        found.append((row.fired_at, str(EPISODE_STATES["firing"][0]), row.summary, ""))
    if row.acknowledged_at:
        found.append((row.acknowledged_at, str(EPISODE_STATES["acknowledged"][0]), "", row.acknowledged_by))
    if row.resolved_at:
        why = str(ENDINGS.get(row.ending, ""))
        found.append((row.resolved_at, str(EPISODE_STATES["resolved"][0]), why, row.ended_by))
    for note in EpisodeNote.objects.filter(episode=row):
        word = str(NOTE_WORDS[EpisodeNote.Kind(note.kind)])
        found.append((note.at, word, note.text, note.by))
    for told in row.deliveries.select_related("channel", "group"):
        kind = str(_("Escalation") if told.turn else DELIVERY_KINDS[told.kind])
        state = str(DELIVERY_STATES[told.state][0])
        at = told.delivered_at or told.created_at
        found.append((at, f"{kind} · {told.channel.name}", f"{state}{mark('. ')}{told.answer}".strip(), ""))
    found.sort(key=lambda line: line[0])
    return [CourseLine(at=moment(at, now), word=word, text=text, by=by) for at, word, text, by in found]

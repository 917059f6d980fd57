"""What the bell on every page tells: alerts that fire and that nobody has taken on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from lifecycle.alerts.episodes.listing.queries import newest, standing
from lifecycle.alerts.presenter import LEVELS, EpisodeRow, episode_row, who_of
from lifecycle.alerts.silences import quiet
from lifecycle.models import Episode

SHOWN = 8
TOLD_AT_MOST = 20
State = Episode.State


@dataclass(frozen=True, kw_only=True)
class Notices:
    """The latest, how many more there are, and when that was."""

    rows: list[EpisodeRow]
    more: int
    all: int
    seen: str


def latest(firing: int) -> Notices:
    """Of *firing* alerts those that the bell lists."""
    now, rows = timezone.now(), newest(SHOWN, State.FIRING)
    hush = quiet.now_is(now) if rows else quiet.Quiet()
    return Notices(
        rows=[episode_row(row, now, (), hush) for row in rows],
        more=max(firing - len(rows), 0),
        all=max(firing, len(rows)),
        seen=now.isoformat(),
    )


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One alert as the browser says it."""

    id: int
    title: str
    body: str
    url: str


def since(began: datetime) -> list[Notice]:
    """What has begun to fire since a page was opened and would be told now; the newest, so many at most."""
    found = standing(State.FIRING).filter(fired_at__gt=began).select_related("rule", "service")
    rows = list(found.order_by("-fired_at", "-pk")[:TOLD_AT_MOST])
    hush = quiet.now_is(timezone.now()) if rows else quiet.Quiet()
    return [_notice(row) for row in rows if hush.why(row) is None]


def _notice(row: Episode) -> Notice:
    return Notice(
        id=row.pk,
        title=_("%(who)s: %(rule)s") % {"who": who_of(row.subject), "rule": row.rule.name},
        body=f"{LEVELS[row.rule.level][0]} · {row.summary}",
        url=reverse("alert_detail", args=[row.pk]),
    )

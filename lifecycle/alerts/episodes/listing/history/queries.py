"""Search the alerts that were told and are over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from lifecycle.models import AlertRule, Delivery, Episode, EpisodeNote
from registry.installation import zones

LONGEST = 200
AT_ONCE = 500
TEXTS = ("q", "service", "level", "ack")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is searched for; everything empty: all. `since` and `until` are local days, both included."""

    q: str = ""
    service: str = ""
    level: str = ""
    ack: str = ""
    rule: int = 0
    since: datetime | None = None
    until: datetime | None = None

    def given(self) -> dict[str, str]:
        """As the query of an address."""
        found = {key: str(getattr(self, key)) for key in TEXTS}
        found |= {"rule": str(self.rule or "")}
        found |= {key: f"{day:%Y-%m-%d}" for key in ("since", "until") if (day := getattr(self, key))}
        return {key: text for key, text in found.items() if text}


def wanted(given: Mapping[str, str]) -> Wanted:
    """From the query of an address, whoever wrote it; what is not known is left out."""
    texts = {key: given.get(key, "").replace("\0", "").strip()[:LONGEST] for key in TEXTS}
    texts["level"] = texts["level"] if texts["level"] in AlertRule.Level.values else ""
    rule = given.get("rule", "")
    number = int(rule) if rule.isascii() and rule.isdigit() and len(rule) < 19 else 0
    since, until = (_day(given.get(key, "")) for key in ("since", "until"))
    return Wanted(**texts, rule=number, since=since, until=until)


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=zones.current())
    except ValueError:
        return None


def search(wanted: Wanted) -> QuerySet[Episode]:
    """What matches, what ended last first; that order and this condition are those of an index."""
    rows = Episode.objects.filter(resolved_at__isnull=False, fired_at__isnull=False)
    if wanted.service:
        rows = rows.filter(Q(service__name=wanted.service) | Q(subject_name=wanted.service))
    if wanted.level:
        rows = rows.filter(rule__level=wanted.level)
    if wanted.rule:
        rows = rows.filter(rule=wanted.rule)
    if wanted.ack:
        rows = rows.filter(acknowledged_by=wanted.ack)
    if wanted.since:
        rows = rows.filter(resolved_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(resolved_at__lt=wanted.until + timedelta(days=1))
    return (rows.filter(_says(wanted.q)) if wanted.q else rows).order_by("-resolved_at", "-pk")


def _says(text: str) -> Q:
    noted = EpisodeNote.objects.filter(kind=EpisodeNote.Kind.NOTE, text__icontains=text)
    said = Q(summary__icontains=text) | Q(pk__in=noted.values("episode"))
    named = Q(service__name__icontains=text) | Q(subject_name__icontains=text) | Q(rule__name__icontains=text)
    return said | named


def rows_of(keys: Sequence[int]) -> list[Episode]:
    """The rows of these keys in their order, each with `notes_count` and `sent`; one query."""
    notes = EpisodeNote.objects.filter(episode=OuterRef("pk"), kind=EpisodeNote.Kind.NOTE)
    sent = Delivery.objects.filter(episode=OuterRef("pk"), state=Delivery.State.DELIVERED)
    found = Episode.objects.filter(pk__in=keys).select_related("rule", "service")
    found = found.annotate(notes_count=_counted(notes), sent=_counted(sent))
    by_key = {row.pk: row for row in found}
    return [by_key[key] for key in keys if key in by_key]


def _counted(rows: QuerySet[EpisodeNote] | QuerySet[Delivery]) -> Subquery:
    return Subquery(rows.order_by().values("episode").annotate(n=Count("pk")).values("n"))


def every(wanted: Wanted) -> Iterator[Episode]:
    """All that match, some hundreds in memory at a time."""
    keys = list(search(wanted).values_list("pk", flat=True))
    for at in range(0, len(keys), AT_ONCE):
        yield from rows_of(keys[at : at + AT_ONCE])


def acknowledgers() -> list[str]:
    """Who ever took one on; read from one index."""
    rows = Episode.objects.filter(acknowledged_at__isnull=False).exclude(acknowledged_by="")
    return sorted(set(rows.order_by().values_list("acknowledged_by", flat=True).distinct()[:200]))

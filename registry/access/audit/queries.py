"""Search the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from registry.models import AuditEntry, AuditHead, AuditMember

LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is searched for; everything empty: all. `since` and `until` are days, in UTC, both included."""

    q: str = ""
    who: str = ""
    what: str = ""
    service: str = ""
    door: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def given(self) -> dict[str, str]:
        """As the query of an address."""
        texts = {key: getattr(self, key) for key in ("q", "who", "what", "service", "door")}
        days = {key: f"{day:%Y-%m-%d}" for key in ("since", "until") if (day := getattr(self, key))}
        return {key: text for key, text in {**texts, **days}.items() if text}


def wanted(given: Mapping[str, str]) -> Wanted:
    """From the query of an address, whoever wrote it."""
    texts = {
        key: given.get(key, "").replace("\0", "").strip()[:LONGEST]
        for key in ("q", "who", "what", "service", "door")
    }
    return Wanted(**texts, since=_day(given.get("since", "")), until=_day(given.get("until", "")))


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def search(wanted: Wanted) -> QuerySet[AuditEntry]:
    """The rows that match, the newest first."""
    rows = AuditEntry.objects.order_by("-id")
    for name, value in (("actor", wanted.who), ("action", wanted.what), ("door", wanted.door)):
        rows = rows.filter(**{name: value}) if value else rows
    if wanted.service:
        rows = rows.filter(Q(target=wanted.service) | Exists(_named(name=wanted.service)))
    if wanted.q:
        rows = rows.filter(_says(wanted.q))
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(at__lt=wanted.until + timedelta(days=1))
    return rows


def _named(**by: str) -> QuerySet[AuditMember]:
    return AuditMember.objects.filter(entry=OuterRef("pk"), **by)


def _says(q: str) -> Q:
    columns = ("actor", "action", "target", "detail", "address", "before", "after")
    found = Q(Exists(_named(name__icontains=q)))
    for column in columns:
        found |= Q(**{f"{column}__icontains": q})
    return found


def actors() -> list[str]:
    """Everybody who did something, by name."""
    return list(AuditEntry.objects.order_by("actor").values_list("actor", flat=True).distinct())


def actions() -> list[str]:
    """Every kind of act that there is, by name."""
    return list(AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct())


def begins_anew() -> bool:
    """Whether the log has ever lost its first rows to age: then what is not in it may have been."""
    return AuditHead.objects.filter(first_position__gt=1).exists()

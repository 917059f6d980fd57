"""Status pages made, changed and removed, and what people tell on them: the only writer of all this."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.text import slugify

from lifecycle.alerts.silences.operations import check_names
from lifecycle.models import Episode, StatusPage, StatusPageNote, StatusPageService
from lifecycle.models.uptime import limits_text
from lifecycle.monitoring.uptime.statuspages import members
from registry.access import audit
from registry.access.tokens import HINT, digest
from registry.errors import InvalidConfigError
from registry.models import Service
from registry.models.limits import current, unlimited, within

PREFIX = "mcpl_"
SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"
FIELDS = (
    "title",
    "slug",
    "intro",
    "visibility",
    "tags",
    "own_names",
    "show_uptime",
    "show_incidents",
    "show_maintenance",
    "badges",
)
LISTS = ("services", "tags")
NAME_AT_MOST = 80
LONGEST = {"title": 100, "slug": 64, "intro": 500}


def picture(page: StatusPage) -> dict[str, Any]:
    """As the audit log keeps it; a link is its first letters alone."""
    named = {name: getattr(page, name) for name in FIELDS}
    rows = (
        StatusPageService._base_manager.filter(page=page).select_related("service").order_by("service__name")
    )
    chosen = [row.service.name for row in rows if row.chosen]
    names = {row.service.name: row.public_name for row in rows if row.public_name}
    return named | {"services": chosen, "names": names, "link": page.token_hint}


def save(page: StatusPage | None, values: Mapping[str, Any], *, by: str, now: datetime) -> StatusPage:
    """A new page within the limits of whoever asks, or *page* with other *values*, within its own.

    `services` are names, `names` what strangers call them by name; InvalidConfigError says what is wrong.
    """
    before = picture(page) if page else None
    made = page or StatusPage(created_by=by[:150], created_at=now, limits=limits_text(current()))
    for name in FIELDS:
        if name in values:
            setattr(made, name, values[name])
    made.slug = made.slug or slugify(made.title)[: LONGEST["slug"]].strip("-")
    with transaction.atomic():
        _check(made)
        made.updated_at, made.version = now, made.version + 1
        made.save()
        with within(made.view):
            if "services" in values:
                _choose(made, list(dict.fromkeys(values["services"])))
            if "names" in values:
                _name(made, values["names"])
        action = "statuspage.change" if before else "statuspage.add"
        audit.note(by, action, made.title, now=now, before=before, after=picture(made))
    return made


def _check(page: StatusPage) -> None:
    if not page.title.strip():
        raise InvalidConfigError("title", "is missing", "Write what readers see above the page")
    if not re.fullmatch(SLUG, page.slug):
        raise InvalidConfigError("slug", "is no address", "Use small letters, digits and hyphens")
    if long := [name for name, most in LONGEST.items() if len(getattr(page, name)) > most]:
        raise InvalidConfigError(long[0], f"is longer than {LONGEST[long[0]]} characters", "Shorten it")
    if page.visibility not in StatusPage.Visibility.values:
        raise InvalidConfigError("visibility", "is not known", "Use off, link or public")
    if len(page.tags) > members.MOST or any(len(str(tag)) > members.MOST for tag in page.tags):
        raise InvalidConfigError("tags", "are too many, or too long", "Use fewer")
    with unlimited():
        if StatusPage.objects.filter(slug=page.slug).exclude(pk=page.pk).exists():
            raise InvalidConfigError("slug", "is the address of another page", "Choose another one")


def _choose(page: StatusPage, names: list[str]) -> None:
    """Exactly these are on it by name; a public name stays with a service that is on it by a tag."""
    if len(names) > members.MOST:
        raise InvalidConfigError("services", f"more than {members.MOST}", "Make a second page")
    check_names(names)
    wanted = set(Service.objects.listed().filter(name__in=names).values_list("pk", flat=True))
    rows = StatusPageService.objects.filter(page=page)
    rows.filter(chosen=True).exclude(service__in=wanted).update(chosen=False)
    rows.filter(service__in=wanted).update(chosen=True)
    fresh = wanted - set(rows.values_list("service", flat=True))
    StatusPageService.objects.bulk_create(
        StatusPageService(page=page, service_id=key, chosen=True) for key in sorted(fresh)
    )


def _name(page: StatusPage, names: Mapping[str, str]) -> None:
    """What strangers call services that are on the page; an empty name is none."""
    by_name = {one.service.name: one for one in members.of(page)}
    for name, public in names.items():
        if name not in by_name:
            continue  # it was taken from the page with the same form
        if len(public) > NAME_AT_MOST or not public.isprintable():
            raise InvalidConfigError("names", f"one is longer than {NAME_AT_MOST} characters", "Shorten it")
        if public.strip() != by_name[name].public_name:
            StatusPageService.objects.update_or_create(
                page=page, service=by_name[name].service, defaults={"public_name": public.strip()}
            )


def remove(page: StatusPage, *, by: str, now: datetime) -> None:
    """Its addresses answer no more; the services stay as they are."""
    with transaction.atomic():
        audit.note(by, "statuspage.delete", page.title, now=now, before=picture(page))
        page.delete()


def renew_link(page: StatusPage, *, by: str, now: datetime) -> str:
    """The address with a new secret, to be shown once; the one before it is dead with this commit."""
    token = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        page.token_digest, page.token_hint, page.token_issued_at = digest(token), token[:HINT], now
        page.version += 1
        page.save(update_fields=["token_digest", "token_hint", "token_issued_at", "version"])
        audit.note(by, "statuspage.link", page.title, token[:HINT], now=now)
    return address(token)


def address(key: str) -> str:
    """The whole address of a page, by its secret or its public name."""
    return f"{settings.PUBLIC_URL}{reverse('status_page', args=[key])}"


def tell(page: StatusPage, episode: Episode, text: str, *, by: str, now: datetime) -> StatusPageNote:
    """Something for the readers of a page about an alert of one of its services."""
    if not text.strip():
        raise InvalidConfigError("text", "is missing", "Write what readers should know")
    on_it = {one.service.pk for one in members.of(page) if one.name}
    if episode.service_id not in on_it:
        raise InvalidConfigError("page", "does not show this service", "Choose a page that does")
    with transaction.atomic():
        made = StatusPageNote.objects.create(
            page=page, episode=episode, text=text.strip()[:1000], by=by[:150], at=now
        )
        StatusPage.objects.filter(pk=page.pk).update(version=page.version + 1)
        after = {"page": page.title, "text": made.text}
        audit.note(by, "statuspage.note", f"episode {episode.pk}", now=now, after=after)
    return made


def untell(note: StatusPageNote, *, by: str, now: datetime) -> None:
    """Its words are gone from the page."""
    with transaction.atomic():
        before = {"page": note.page.title, "text": note.text}
        audit.note(by, "statuspage.unnote", f"episode {note.episode_id}", now=now, before=before)
        StatusPage.objects.filter(pk=note.page_id).update(version=note.page.version + 1)
        note.delete()

"""When a service is expected to serve: set by a person, empty is always. The only writer of these rows."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, ServiceHours
from lifecycle.monitoring.uptime import days
from registry.access import audit
from registry.access.roles import at_least
from registry.errors import InvalidConfigError, NotAllowedError
from registry.models import Role
from registry.services import register, store_rows


def change(
    name: str, weekdays: str, opens: int, closes: int, zone: str, *, by: str, role: Role, now: datetime
) -> None:
    """Set them, in minutes after midnight; no *weekdays* is always. Past days are counted anew by them.

    InvalidConfigError for a time zone that there is not; NotAllowedError below operator.
    """
    if not at_least(role, Role.OPERATOR):
        raise NotAllowedError("Changing service hours requires the role operator.")
    _known(zone)
    with transaction.atomic():
        store_rows.lock_head()
        service = register.get(name)
        wanted = {"weekdays": weekdays, "opens": opens, "closes": closes, "zone": zone} if weekdays else None
        rows = ServiceHours.objects.filter(service=service)
        if wanted == rows.values("weekdays", "opens", "closes", "zone").first():
            return
        if wanted is None:
            rows.delete()
        else:
            values = {**wanted, "updated_by": by[:150], "updated_at": now}
            ServiceHours.objects.update_or_create(service=service, defaults=values)
        days.again(service.pk, now.timestamp())
        audit.note(by, "service hours changed", name, _told(wanted), now=now)
        feed.note(FeedItem.Kind.SERVICE, service.pk, now)


def _known(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidConfigError(
            "hours.zone", "is no known time zone", "Write a name such as Europe/Berlin"
        ) from None


def _told(wanted: dict[str, object] | None) -> str:
    return "always" if wanted is None else ", ".join(f"{key} {value}" for key, value in wanted.items())

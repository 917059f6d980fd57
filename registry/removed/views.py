"""The page of removed and archived services, and restoring one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from registry.access.roles import require, role_of
from registry.errors import NotAllowedError, NotPossibleError
from registry.models import Role, Service
from registry.removed import operations
from registry.removed.operations import RemovedNotFoundError

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class Row:
    """One service that can be brought back; `until` is None where it stays for good."""

    service: Service
    at: datetime | None
    until: datetime | None
    taken: bool


@require(Role.ADMIN)
@require_safe
def removed_list(request: HttpRequest) -> HttpResponse:
    """Removed services with who, when and until when; with `?archived` those that the worker archived."""
    now, archived = timezone.now(), "archived" in request.GET
    found = operations.archived() if archived else operations.removed(now)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": _rows(page),
        "page": page,
        "archived": archived,
        "removed_count": _count(operations.removed(now)),
        "archived_count": _count(operations.archived()),
    }
    return render(request, "registry/removed/removed_list.html", context)


def _count(found: QuerySet[Service]) -> int:
    return found.order_by().count()


def _rows(page: Page[Service]) -> list[Row]:
    names = [service.name for service in page]
    taken = set(
        Service.objects.filter(removed_at=None, name__in=names)
        .exclude(pk__in=[service.pk for service in page])
        .values_list("name", flat=True)
    )
    return [
        Row(
            service=service,
            at=service.removed_at or service.archived_at,
            until=service.removed_at + operations.KEPT if service.removed_at else None,
            taken=service.name in taken,
        )
        for service in page
    ]


@require(Role.OPERATOR)
@require_POST
def service_restore(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Bring one back: an admin any, an operator what they removed themselves."""
    who, role = request.user.get_username(), role_of(request.user)
    try:
        operations.restore(name, by=who, role=role, now=timezone.now(), number=number)
    except RemovedNotFoundError:
        raise Http404(name) from None
    except (NotPossibleError, NotAllowedError) as exc:
        messages.error(request, str(exc))
        return _to(request, reverse("removed_list" if role is Role.ADMIN else "service_list"))
    messages.success(request, _("%(name)s restored.") % {"name": name})
    return _to(request, reverse("service_detail", args=[name]))


def _to(request: HttpRequest, place: str) -> HttpResponse:
    """Send htmx or the browser on to another page."""
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": place})
    return redirect(place)

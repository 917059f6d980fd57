"""The bar as it is now with the tips of its spans, for whoever points at one."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lifecycle.pages.lookup import listed_service
from lifecycle.services.bar import presenter, queries
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def service_bar(request: HttpRequest, name: str) -> JsonResponse:
    """No list carries the tips of all its rows: they come once somebody points at a bar."""
    spans = queries.spans_of(listed_service(name).pk, timezone.now())
    return JsonResponse({"svg": presenter.svg(queries.bar_of(spans)), "tips": presenter.tips(spans)})

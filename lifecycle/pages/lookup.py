"""The service that an address names, or 404."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from registry.models import Service

Services = QuerySet[Service]


def listed_service(name: str, more: Callable[[Services], Services] | None = None) -> Service:
    """The listed service of this name with its state, and what *more* adds to it, or 404."""
    marks = ("slowness", "error_rate")
    found = Service.objects.listed().select_related("state_row", "contract", "hours", *marks)
    return get_object_or_404(more(found) if more else found, name=name)

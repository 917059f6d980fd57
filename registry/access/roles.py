"""Roles: a user's own, and the check before a view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from registry.access import audit
from registry.models import Membership, Role

_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMIN: 2}


def role_of(user: Any) -> Role:
    """A superuser is an admin; a user without a membership may only look."""
    if user.is_superuser:
        return Role.ADMIN
    try:
        return Role(user.membership.role)
    except (AttributeError, Membership.DoesNotExist):
        return Role.VIEWER


def at_least(role: Role, needed: Role) -> bool:
    """Whether *role* may do what *needed* may."""
    return _RANK[role] >= _RANK[needed]


def note_refusal(request: HttpRequest, who: str, needed: Role) -> None:
    """Somebody tried to change what is not theirs to change."""
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        what = f"{request.method} {request.path}"
        audit.note(who, "refused", what, f"needs the role {needed.value}", now=timezone.now())


def require(needed: Role) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Only for people of this role: others sign in first, or get the 403 page."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not at_least(role_of(request.user), needed):
                note_refusal(request, request.user.get_username(), needed)
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate

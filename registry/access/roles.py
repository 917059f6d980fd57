"""Roles: a user's own, and the check before a view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from registry.access import audit
from registry.models import Membership, Role
from registry.models.limits import current

View = TypeVar("View", bound=Callable[..., Any])
Answer = TypeVar("Answer", bound=HttpResponseBase)
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


@dataclass(frozen=True)
class Needs:
    """What a route asks of whoever comes: nothing, or a role, and *unscoped* that no scope limits them."""

    role: Role | None
    unscoped: bool = False


class MissingRightError(PermissionDenied):
    """What somebody lacks: the role *needed*, or, where that is theirs, a view of all services."""

    def __init__(self, needed: Role, has: Role) -> None:
        self.needed, self.has = needed, has
        super().__init__(f"needs the role {needed.value}")

    @property
    def by_scope(self) -> bool:
        """Whether the role would do."""
        return at_least(self.has, self.needed)


def admins(most: int = 5) -> list[str]:
    """The names of some who can give rights: active admins who have signed in once, the latest first."""
    there = Q(is_superuser=True) | Q(membership__role=Role.ADMIN)
    rows = User.objects.filter(there, is_active=True, last_login__isnull=False).order_by("-last_login")
    return list(rows.values_list("username", flat=True)[:most])


def require(
    needed: Role, *, unscoped: bool = False
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Only for people of this role: others sign in first, or get the 403 page.

    *unscoped*: it is about all services together, so a scope shuts out too; as it does of all that is an
    admin's.
    """
    needs = Needs(needed, unscoped=unscoped or needed == Role.ADMIN)

    def decorate(view: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Answer:
            has = role_of(request.user)
            if not at_least(has, needed) or (needs.unscoped and current()):
                note_refusal(request, request.user.get_username(), needed)
                raise MissingRightError(needed, has)
            return view(request, *args, **kwargs)

        return declared(guarded, needs)

    return decorate


def declared(view: View, needs: Needs) -> View:
    """The view, which says what it needs; a test asks every route."""
    view.needs = needs  # type: ignore[attr-defined]
    return view


def open_to_all(view: View) -> View:
    """A route for whoever comes, or one that looks at who it is by itself."""
    return declared(view, Needs(None))

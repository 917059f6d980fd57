"""REST authentication: a bearer token, or the browser's session with its CSRF token."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from ninja.security.base import AuthBase

from registry.access import tokens
from registry.access.roles import Needs, at_least, note_refusal, role_of
from registry.access.scope.limits import came_by_token
from registry.models import Role
from registry.models.limits import current
from registry.rest import allowance
from registry.rest.problems import ProblemError

ALL_SERVICES = "This concerns all services, but your scope covers only some of them."


class Caller:
    """Whoever was let in, by name and role; `counted_as` is whose requests these are, for the limit."""

    def __init__(self, name: str, role: Role, counted_as: str) -> None:
        self.name, self.role, self.counted_as = name, role, counted_as


def caller(request: HttpRequest) -> Caller:
    """The caller that one of the doors below let in."""
    found: Caller = request.auth  # type: ignore[attr-defined]
    return found


class _Csrf(CsrfViewMiddleware):
    """Django's own check, without the page it shows to people."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponseForbidden(reason)

    def refuses(self, request: HttpRequest) -> bool:
        self.process_request(request)
        return self.process_view(request, HttpResponse, (), {}) is not None


def _by_token(request: HttpRequest) -> Caller | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    found = tokens.find(token.strip(), timezone.now())
    if found is None:
        return None
    came_by_token(request, found)
    return Caller(found.user.get_username(), Role(found.role), f"token {found.hint}… ({found.pk})")


def _by_session(request: HttpRequest) -> Caller | None:
    user = request.user
    if not isinstance(user, AbstractUser) or not user.is_active:
        return None
    if _Csrf(lambda _: HttpResponse()).refuses(request):
        raise ProblemError(403, "The CSRF token is missing or wrong.", code="csrf_failed")
    return Caller(user.get_username(), role_of(user), f"{user.get_username()} ({user.pk})")


class Door(AuthBase):
    """Lets in whoever has at least *needed*. An Authorization header shuts the session out.

    What is about all services together is for those that no scope limits: *unscoped*, as all of an admin is.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_name = "token"

    needs: Needs

    def __init__(self, needed: Role, *, unscoped: bool = False) -> None:
        self._role = needed
        self.needs = Needs(needed, unscoped=unscoped or needed == Role.ADMIN)
        super().__init__()

    def __call__(self, request: HttpRequest) -> Caller | None:
        by_token = "Authorization" in request.headers
        found = _by_token(request) if by_token else _by_session(request)
        if found is not None:
            allowance.spend(request, found.counted_as)
        if found is not None and (refusal := self._refusal(found)):
            note_refusal(request, found.name, self._role)
            raise ProblemError(403, refusal)
        return found

    def _refusal(self, found: Caller) -> str:
        if not at_least(found.role, self._role):
            return f"This needs the role {self._role.value}; yours is {found.role.value}."
        return ALL_SERVICES if self.needs.unscoped and current() else ""


class AsyncDoor(Door):
    """The same door for endpoints that wait."""

    is_async = True

    async def __call__(self, request: HttpRequest) -> Caller | None:  # type: ignore[override]
        return await sync_to_async(super().__call__)(request)


VIEWER, OPERATOR, ADMIN = (Door(role) for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN))
VIEWER_OF_ALL, OPERATOR_OF_ALL = (Door(role, unscoped=True) for role in (Role.VIEWER, Role.OPERATOR))
VIEWER_ASYNC, OPERATOR_ASYNC = AsyncDoor(Role.VIEWER), AsyncDoor(Role.OPERATOR)

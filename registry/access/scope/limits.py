"""The limits of people and tokens, and of the request that is being answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from registry.access.roles import role_of
from registry.core import scope
from registry.core.scope import EVERYTHING, Limits, Scope
from registry.models import ApiToken, Membership, Role
from registry.models.limits import asked

SAFE = ("GET", "HEAD", "OPTIONS")
Answer = Callable[[HttpRequest], Any]


def scope_of(user: Any) -> Scope:
    """A person's own; an admin has none, whatever the row says."""
    if role_of(user) == Role.ADMIN:
        return Scope()
    try:
        return scope.read(user.membership.scope)
    except (AttributeError, Membership.DoesNotExist):
        return Scope()


def limits_of(user: Any) -> Limits:
    """What the pages of this person show."""
    return scope.together(scope_of(user))


def limits_of_token(token: ApiToken) -> Limits:
    """What a token opens: its own scope, and of that what its owner may see."""
    return scope.together(scope.read(token.scope), scope_of(token.user))


class _Asked:
    """The limits of one request, looked for once: when a row of a service is first asked for."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.limits: Limits | None = None

    def __call__(self) -> Limits:
        if self.limits is None:
            user = getattr(self._request, "user", None)
            self.limits = limits_of(user) if isinstance(user, AbstractUser) else EVERYTHING
        return self.limits


def came_by_token(request: HttpRequest, token: ApiToken) -> None:
    """From now on the request sees what the token opens; a session that came along opens nothing."""
    request.limits.limits = limits_of_token(token)  # type: ignore[attr-defined]


@sync_and_async_middleware
def scoped(get_response: Answer) -> Answer:
    """Middleware: whatever is read for this request is of services that its person may see."""
    if iscoroutinefunction(get_response):
        ask = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", get_response)

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            request.limits = _Asked(request)  # type: ignore[attr-defined]
            with asked(request.limits, reading=request.method in SAFE):  # type: ignore[attr-defined]
                return await ask(request)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        request.limits = _Asked(request)  # type: ignore[attr-defined]
        with asked(request.limits, reading=request.method in SAFE):  # type: ignore[attr-defined]
            return cast(HttpResponseBase, get_response(request))

    return answer

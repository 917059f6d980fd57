"""Everybody who has an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.db.models import Count, Max, Q

from registry.access.account.factors import queries as factors
from registry.access.roles import role_of
from registry.access.scope.limits import scope_of
from registry.core.scope import Scope
from registry.models import Role


@dataclass(frozen=True, kw_only=True)
class Person:
    """One account. `link_until`: a link to set a password works until then; `invited`: none was set yet.

    `second`: more than a password is asked of them. `provided`: they came by OpenID Connect.
    """

    pk: int
    name: str
    email: str
    role: Role
    scope: Scope
    active: bool
    invited: bool
    last_login: datetime | None
    link_until: datetime | None
    tokens: int
    second: bool
    provided: bool

    @property
    def state(self) -> str:
        """One word: active, invited or deactivated."""
        if not self.active:
            return "deactivated"
        return "invited" if self.invited else "active"


def everyone(now: datetime, q: str = "") -> list[Person]:
    """By name; with *q* those whose name or mail address contains it."""
    living = Q(api_tokens__revoked_at=None) & (
        Q(api_tokens__expires_at=None) | Q(api_tokens__expires_at__gt=now)
    )
    rows = User.objects.select_related("membership").annotate(
        living=Count("api_tokens", filter=living & Q(api_tokens__pk__isnull=False), distinct=True),
        until=Max("password_links__expires_at"),
    )
    if q:
        rows = rows.filter(Q(username__icontains=q) | Q(email__icontains=q))
    second = factors.with_any()
    provided = set(SocialAccount.objects.values_list("user_id", flat=True))
    return [_person(row, now, row.pk in second, row.pk in provided) for row in rows.order_by("username")]


def _person(row: User, now: datetime, second: bool, provided: bool) -> Person:
    until = row.until  # type: ignore[attr-defined]
    return Person(
        pk=row.pk,
        name=row.get_username(),
        email=row.email,
        role=role_of(row),
        scope=scope_of(row),
        active=row.is_active,
        invited=not row.has_usable_password() and not provided,
        provided=provided,
        last_login=row.last_login,
        link_until=until if until and until > now else None,
        tokens=row.living,  # type: ignore[attr-defined]
        second=second,
    )

"""Invite people, change what they may do, let them set a new password, and see them out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from registry.access import audit, tokens
from registry.access.people import links
from registry.access.roles import role_of
from registry.access.scope.limits import scope_of
from registry.access.sessions import end as end_sessions
from registry.core.scope import NO_SCOPE, Scope, plain, said
from registry.errors import InvalidConfigError, NotPossibleError, RegistryError
from registry.models import ApiToken, Membership, PasswordLink, Role

RESERVED = frozenset({"command line", "python", "worker", "console", "sign-in"})


class PersonNotFoundError(RegistryError):
    """Nobody has this name."""

    code = "person_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no person {name[:80]!r}.")


class LastAdminError(NotPossibleError):
    """Nobody could give rights to anybody any more."""

    code = "last_admin"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is the last admin who can sign in. Make someone else an admin first.")


def get(name: str) -> User:
    """The person of this name; PersonNotFoundError if there is none."""
    found = None if "\0" in name else User.objects.select_related("membership").filter(username=name).first()
    if found is None:
        raise PersonNotFoundError(name)
    return found


def _locked(name: str) -> User:
    """The person, while nobody else changes one: of two last admins not each sees the other out."""
    list(User.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    return get(name)


def invite(name: str, role: Role, *, by: str, now: datetime, email: str = "", scope: Scope = NO_SCOPE) -> str:
    """A person who may come in by the link that is returned; InvalidConfigError for a name that cannot be."""
    _refuse_passwords()
    check_name(name)
    if scope and role == Role.ADMIN:
        raise InvalidConfigError("tags", "an admin sees all services", "Choose another role, or no scope")
    with transaction.atomic():
        user = User(username=name, email=email)
        user.set_unusable_password()
        user.save()
        Membership.objects.create(user=user, role=role, scope=plain(scope))
        audit.note(by, "person invited", name, role.value, now=now, after=picture(user))
        return links.make(user, lives=links.INVITED_FOR, by=by, now=now)


def _refuse_passwords() -> None:
    if settings.OIDC and settings.OIDC.only:
        remedy = f"People come in through {settings.OIDC.host} by their groups there"
        raise InvalidConfigError("name", "needs no invitation: passwords are disabled", remedy)


def check_name(name: str) -> None:
    """InvalidConfigError for one that cannot be a user's, or is."""
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError:
        remedy = "Use letters, digits and @ . + - _"
        raise InvalidConfigError("name", "cannot be a user name", remedy) from None
    if len(name) > 150:
        raise InvalidConfigError("name", "is longer than 150 characters", "Use a shorter one")
    if name.lower() in RESERVED:
        raise InvalidConfigError("name", "stands for a part of the console in the audit log", "Use another")
    if User.objects.filter(username__iexact=name).exists():
        raise InvalidConfigError("name", "is taken", "Use another one")


def picture(user: User) -> dict[str, object]:
    """A person as the audit log keeps them."""
    fresh = User.objects.select_related("membership").get(pk=user.pk)
    seen = {"scope": scope} if (scope := plain(scope_of(fresh))) else {}
    return {"role": role_of(fresh).value, "active": fresh.is_active, "email": fresh.email, **seen}


def set_role(name: str, role: Role, *, by: str, now: datetime, keep_an_admin: bool = True) -> bool:
    """What the person may do from the next request on; LastAdminError. Whether it is another role."""
    with transaction.atomic():
        user = _locked(name)
        before = picture(user)
        if role_of(user) == role:
            return False
        if role != Role.ADMIN:
            if keep_an_admin:
                _keep_an_admin(user)
            User.objects.filter(pk=user.pk).update(is_superuser=False, is_staff=False)
        known: dict[str, Any] = {"role": role, **({"scope": {}} if role == Role.ADMIN else {})}
        Membership.objects.update_or_create(user=user, defaults=known)
        audit.note(by, "role changed", name, role.value, now=now, before=before, after=picture(user))
    return True


def set_scope(name: str, scope: Scope, *, by: str, now: datetime) -> bool:
    """Which services the person sees from the next request on; empty is all. Whether it is another scope."""
    with transaction.atomic():
        user = _locked(name)
        before = picture(user)
        if scope_of(user) == scope:
            return False
        if scope and role_of(user) == Role.ADMIN:
            raise NotPossibleError(f"{name} is an admin, and admins see everything. Change the role first.")
        Membership.objects.update_or_create(user=user, defaults={"scope": plain(scope)})
        audit.note(by, "scope changed", name, said(scope), now=now, before=before, after=picture(user))
    return True


def set_active(name: str, active: bool, *, by: str, now: datetime) -> bool:
    """Deactivated: sessions and open pages end, API tokens and links are revoked. Whether it changed."""
    with transaction.atomic():
        user = _locked(name)
        if user.is_active == active:
            return False
        if not active:
            _keep_an_admin(user)
            _see_out(user, by, now)
        User.objects.filter(pk=user.pk).update(is_active=active)
        word = "person activated" if active else "person deactivated"
        before, after = {"active": not active}, {"active": active}
        audit.note(by, word, name, now=now, before=before, after=after)
    return True


def remove(name: str, *, by: str, now: datetime) -> None:
    """The account and its tokens are deleted; what the person did stays in the audit log. LastAdminError."""
    with transaction.atomic():
        user = _locked(name)
        _keep_an_admin(user)
        audit.note(by, "person removed", name, now=now, before=picture(user))
        _see_out(user, by, now)
        user.delete()


def reset(name: str, *, by: str, now: datetime) -> str:
    """A link by which the person sets a new password; the old one counts until then."""
    with transaction.atomic():
        user = get(name)
        if not user.is_active:
            raise NotPossibleError(f"{name} is deactivated. Activate them first.")
        if comes_by_provider(user):
            raise NotPossibleError(f"{name} signs in by OpenID Connect and has no password here.")
        invited = not user.has_usable_password()
        lives = links.INVITED_FOR if invited else links.RESET_FOR
        audit.note(by, "invitation renewed" if invited else "password link made", name, now=now)
        return links.make(user, lives=lives, by=by, now=now)


def sign_in_link(name: str, *, by: str, now: datetime) -> str:
    """The way back where nobody else can sign in: a link that does it, once, within a quarter of an hour."""
    with transaction.atomic():
        user = get(name)
        if not user.is_active:
            raise NotPossibleError(f"{name} is deactivated. Activate them first.")
        audit.note(by, "sign-in link made", name, now=now)
        return links.make(user, lives=links.SIGNS_IN_FOR, by=by, now=now, signs_in=True)


def comes_by_provider(user: User) -> bool:
    """Whether OpenID Connect has brought this person here."""
    return bool(SocialAccount.objects.filter(user=user).exists())


def set_password(token: str, password: str, *, now: datetime) -> User:
    """What the link is for: the person's new password; every session of theirs ends. NotPossibleError."""
    with transaction.atomic():
        user = links.use(token, now)
        if user is None:
            raise NotPossibleError("This link was used, has expired or was replaced by another one.")
        end_sessions.every(user, by=user.get_username(), now=now)
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.note(user.get_username(), "password set", "by link", now=now)
        return user


def _see_out(user: User, by: str, now: datetime) -> None:
    end_sessions.every(user, by=by, now=now)
    PasswordLink.objects.filter(user=user).delete()
    for token in ApiToken.objects.filter(user=user, revoked_at=None):
        tokens.revoke(token, now, by=by)


def _keep_an_admin(leaving: User) -> None:
    """LastAdminError where nobody else is an admin who can sign in."""
    admins = User.objects.filter(Q(is_superuser=True) | Q(membership__role=Role.ADMIN), is_active=True)
    others = admins.exclude(pk=leaving.pk)
    if role_of(leaving) == Role.ADMIN and not any(_can_sign_in(one) for one in others):
        raise LastAdminError(leaving.get_username())


def _can_sign_in(user: User) -> bool:
    if settings.OIDC and comes_by_provider(user):
        return True
    return user.has_usable_password() and not (settings.OIDC and settings.OIDC.only)

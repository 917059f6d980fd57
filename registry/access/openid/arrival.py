"""Somebody whom the provider knows: who they are here, and what their groups let them do."""

from __future__ import annotations

from datetime import datetime

from allauth.socialaccount.models import SocialLogin
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from registry.access import audit
from registry.access.openid.configured import here
from registry.access.people import operations as people
from registry.access.roles import role_of
from registry.access.sessions import end as end_sessions
from registry.access.signin.throttle import DOOR
from registry.errors import InvalidConfigError
from registry.models import Membership, Role


class NotLetInError(Exception):
    """The provider knows them, and they may not come in; the text says why, to them."""


def arrive(request: HttpRequest, found: SocialLogin, *, now: datetime) -> None:
    """Give *found* its person, with the role of today's groups. NotLetInError."""
    known = found.user if found.is_existing else None
    user = known if isinstance(known, User) else None
    role = here().role_of(found.account.extra_data["groups"])
    if role is None:
        _shut_out(request, user, now)
        raise NotLetInError(
            _("None of your groups at the provider has a role here. Ask an admin of this console.")
        )
    if user is None:
        _make(request, found, Role(role), now)
    elif user.is_active and role_of(user) != role:
        people.set_role(user.get_username(), Role(role), by=DOOR, now=now, keep_an_admin=False)


def _shut_out(request: HttpRequest, user: User | None, now: datetime) -> None:
    """Who came before and has lost the groups is signed in nowhere any more, here first."""
    if user is None:
        return
    if request.user == user:
        logout(request)
    end_sessions.every(user, by=DOOR, now=now)


def _make(request: HttpRequest, found: SocialLogin, role: Role, now: datetime) -> None:
    """The first time. Nobody gets an account that is there: it may be somebody else's of the same name."""
    said = found.account.extra_data
    name = str(said.get("preferred_username") or said.get("email") or found.account.uid)
    try:
        people.check_name(name)
    except InvalidConfigError as exc:
        told = _("You cannot use the name %(name)s here: it %(what)s. Ask an admin of this console.")
        raise NotLetInError(told % {"name": name[:150], "what": exc.what}) from None
    with transaction.atomic():
        user = User(username=name, email=str(said.get("email", "")))
        user.set_unusable_password()
        user.save()
        Membership.objects.create(user=user, role=role)
        found.user = user
        found.save(request, connect=True)
        shown = people.picture(user)
        audit.note(DOOR, "person came by OpenID Connect", name, role.value, now=now, after=shown)

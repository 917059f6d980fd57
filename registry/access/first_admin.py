"""The administrator of a console in which nobody can sign in yet."""

from __future__ import annotations

from django.contrib.auth.models import User

from registry.access.tokens import digest
from registry.models import Membership, Role

NAME = "admin"


def needed() -> bool:
    """Whether there is nobody."""
    return not User.objects.exists()


def unused() -> bool:
    """Whether there is nobody else, and the administrator has never signed in."""
    return list(User.objects.values_list("username", "last_login")[:2]) == [(NAME, None)]


def make(kept_password: str) -> None:
    """*kept_password* is what Django keeps of it; there is no default password."""
    user = User.objects.create(username=NAME, password=kept_password, is_staff=True, is_superuser=True)
    Membership.objects.create(user=user, role=Role.ADMIN, printed=digest(kept_password))


def has_printed_password(user: User) -> bool:
    """Whether this person still signs in with the password that a terminal showed."""
    found = Membership.objects.filter(user=user).exclude(printed="").values_list("printed", flat=True).first()
    return found is not None and found == digest(user.password)

"""People who see some services only."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from registry.core.scope import Scope, plain
from registry.models import Membership, Role
from tests.support.pages import as_if_seen

TEAM_A = Scope(tags=frozenset({"team-a"}))


def person_of(role: Role, scope: Scope = TEAM_A, name: str = "") -> User:
    user = User.objects.create(username=name or f"{role.value}-of-{'-'.join(scope.tags or scope.agents)}")
    Membership.objects.create(user=user, role=role, scope=plain(scope))
    return user


def scoped_client(role: Role, scope: Scope = TEAM_A) -> Client:
    client = Client()
    client.force_login(person_of(role, scope), "django.contrib.auth.backends.ModelBackend")
    as_if_seen(client)
    return client

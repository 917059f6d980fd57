"""Where the groups of a person stand in what the provider says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from registry.access.roles import role_of
from registry.core.openid import OpenId
from registry.models import Role
from tests.doubles.openid import CLIENT, SECRET, OpenIdDouble, openid_double
from tests.registry.access.openid.test_pages_openid import ROLES, come
from tests.support.factors import is_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Any) -> Iterator[OpenIdDouble]:
    with openid_double() as double:
        settings.OIDC = OpenId(url=double.url, client_id=CLIENT, secret=SECRET, roles=ROLES)
        yield double


@pytest.mark.parametrize("by_userinfo", [False, True])
@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["offline_access", "ops"]}}),
        ("https://corp.example/groups", {"https://corp.example/groups": ["ops"]}),
    ],
)
def test_the_groups_come_from_the_claim_that_is_set(
    provider: OpenIdDouble, settings: Any, name: str, claims: dict[str, Any], by_userinfo: bool
) -> None:
    settings.OIDC = replace(settings.OIDC, groups_claim=name)
    provider.person["groups"] = ["boss"]
    (provider.userinfo if by_userinfo else provider.person).update(claims)
    provider.person.setdefault("realm_access", {"more": []})
    come(client := Client())
    assert is_in(client) and role_of(User.objects.get()) == Role.OPERATOR
    assert ("/userinfo" in provider.seen) is by_userinfo

"""Roles, tokens and the audit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User

from registry.access import audit, roles, tokens
from registry.errors import NotAllowedError
from registry.models import ApiToken, AuditEntry, Membership, Role
from tests.support.registering import NOW

pytestmark = pytest.mark.django_db


def person(role: Role | None, name: str = "ann") -> User:
    user = User.objects.create_user(name)
    if role is not None:
        Membership.objects.create(user=user, role=role)
    return user


def test_a_superuser_is_admin_and_a_stranger_may_only_look() -> None:
    assert roles.role_of(User.objects.create_superuser("root")) is Role.ADMIN
    assert roles.role_of(person(None)) is Role.VIEWER
    assert roles.role_of(person(Role.OPERATOR, "op")) is Role.OPERATOR
    assert roles.role_of(AnonymousUser()) is Role.VIEWER


def test_each_role_may_do_what_the_lower_ones_may() -> None:
    ordered = [Role.VIEWER, Role.OPERATOR, Role.ADMIN]
    for have, role in enumerate(ordered):
        assert [roles.at_least(role, needed) for needed in ordered] == [need <= have for need in range(3)]


def test_a_token_is_found_again_and_kept_as_a_digest_only() -> None:
    token = tokens.issue(person(Role.OPERATOR), Role.OPERATOR, NOW)
    found = tokens.find(token, NOW)
    assert found is not None
    assert (found.user.get_username(), found.role) == ("ann", Role.OPERATOR)
    row = ApiToken.objects.values().get()
    assert token not in str(row)
    assert token.startswith(row["hint"])
    for wrong in ("", token[:-1], token + "x", "\ud800"):
        assert tokens.find(wrong, NOW) is None


def test_a_token_never_has_more_rights_than_its_user() -> None:
    user = person(Role.OPERATOR)
    with pytest.raises(NotAllowedError):
        tokens.issue(user, Role.ADMIN, NOW)
    token = tokens.issue(user, Role.OPERATOR, NOW)
    Membership.objects.update(role=Role.VIEWER)
    found = tokens.find(token, NOW)
    assert found is not None
    assert found.role == Role.VIEWER


def test_a_revoked_token_and_one_of_an_inactive_user_open_nothing() -> None:
    user = person(Role.VIEWER)
    revoked, orphan = (tokens.issue(user, Role.VIEWER, NOW) for _ in range(2))
    found = tokens.find(revoked, NOW)
    assert found is not None
    tokens.revoke(found, NOW)
    assert tokens.find(revoked, NOW) is None
    assert tokens.find(orphan, NOW) is not None
    User.objects.update(is_active=False)
    assert tokens.find(orphan, NOW) is None


def test_a_token_ends_at_its_time_and_who_ended_one_is_audited() -> None:
    user = person(Role.VIEWER)
    token = tokens.issue(user, Role.VIEWER, NOW, name="ci", lives=timedelta(days=30))
    last = NOW + timedelta(days=30)
    assert tokens.find(token, last - timedelta(seconds=1)) is not None
    assert tokens.find(token, last) is None
    assert [list(tokens.living(at)) for at in (NOW, last)] == [[ApiToken.objects.get()], []]
    for _ in range(2):
        tokens.revoke(ApiToken.objects.get(), NOW, by="root")
    rows = AuditEntry.objects.order_by("id").values_list("actor", "action", "detail")
    assert list(rows) == [
        ("ann", "token issued", "viewer for ann, until 2026-12-21"),
        ("root", "token revoked", "of ann"),
    ]


def test_last_use_is_noted_at_most_once_a_minute() -> None:
    token = tokens.issue(person(Role.VIEWER), Role.VIEWER, NOW)
    for seconds, noted in ((0, 0), (59, 0), (61, 61)):
        tokens.find(token, NOW + timedelta(seconds=seconds))
        assert ApiToken.objects.get().last_used_at == NOW + timedelta(seconds=noted)


def test_the_audit_keeps_what_fits() -> None:
    audit.note("ann" * 100, "act", "t" * 1000, "d" * 1000, now=NOW)
    row = AuditEntry.objects.get()
    assert (len(row.actor), len(row.target), len(row.detail)) == (150, 200, 500)

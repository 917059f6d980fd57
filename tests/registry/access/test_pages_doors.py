"""What an attacker, or somebody who left, tries at each door: tokens, links, passwords, sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from registry.access import tokens
from registry.models import ApiToken, AuditEntry, Membership, Role
from tests.support.api import Api, user_of

pytestmark = pytest.mark.django_db
OLD, LONG = "an-uncommon-phrase-7", "grün 彩 🙂 " + "x" * 90


@pytest.fixture
def ada() -> User:
    user = User.objects.create_user("ada", password=OLD)
    Membership.objects.create(user=user, role=Role.OPERATOR)
    return user


def sign_in(name: str, password: str, **meta: Any) -> tuple[Client, bool]:
    browser = Client()
    browser.post("/login/", {"username": name, "login": name, "password": password}, **meta)
    return browser, "_auth_user_id" in browser.session


def change(browser: Client, new: str) -> Any:
    return browser.post("/password/", {"old_password": OLD, "new_password1": new, "new_password2": new})


def test_an_expired_token_opens_nothing_from_its_last_second_on(db: None) -> None:
    user, now = user_of(Role.VIEWER), timezone.now()
    api = Api(tokens.issue(user, Role.VIEWER, now, lives=timedelta(hours=1)))
    assert api.get("services").status_code == 200
    ApiToken.objects.update(expires_at=timezone.now())
    assert api.get("services").status_code == 401
    assert api.client.get("/metrics", headers=api.headers).status_code == 401


def test_a_revoked_token_opens_nothing_at_any_door(db: None) -> None:
    user, now = user_of(Role.ADMIN), timezone.now()
    api = Api(tokens.issue(user, Role.ADMIN, now))
    tokens.revoke(ApiToken.objects.get(), now)
    for path in ("services", "audit", "export.json"):
        assert api.get(path).status_code == 401
    assert api.client.get("/metrics", headers=api.headers).status_code == 401
    assert AuditEntry.objects.filter(action="token revoked").exists()


@pytest.mark.parametrize("new", ["x" * 7, "password123", "12345678"])
def test_a_weak_password_is_refused(ada: User, new: str) -> None:
    browser, _ = sign_in("ada", OLD)
    assert change(browser, new).status_code == 422
    assert sign_in("ada", OLD)[1]


@pytest.mark.parametrize("new", ["onlylowercaseletters", " leading and trailing ", LONG])
def test_a_password_of_any_composition_counts_exactly_as_it_was_typed(ada: User, new: str) -> None:
    browser, _ = sign_in("ada", OLD)
    assert change(browser, new).status_code == 302
    assert sign_in("ada", new)[1]
    assert not sign_in("ada", new[:-1])[1] and not sign_in("ada", new.upper())[1]


def test_spraying_one_password_over_all_names_ends_after_fifty(ada: User) -> None:
    for number in range(60):
        sign_in(f"person-{number}", "Winter2026!", REMOTE_ADDR="203.0.113.5")
    assert not sign_in("ada", OLD, REMOTE_ADDR="203.0.113.5")[1]
    assert sign_in("ada", OLD, REMOTE_ADDR="203.0.113.6")[1]


def test_no_number_of_wrong_passwords_from_elsewhere_locks_a_person_out(ada: User) -> None:
    for number in range(120):
        sign_in("ada", "wrong", REMOTE_ADDR=f"198.51.100.{number}")
    assert sign_in("ada", OLD, REMOTE_ADDR="203.0.113.7")[1]

"""What every session begins with, and what no session survives."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.core import context
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.utils import timezone

from registry.access.people import operations
from registry.access.sessions import queries
from registry.models import AuditEntry, Role
from tests.support.pages import text_of

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


def sign_in(client: Client, name: str = "ada", password: str = PASSWORD) -> Any:
    return client.post("/login/", {"username": name, "password": password})


def test_a_session_that_was_there_before_is_not_the_one_that_is_signed_in(ada: User) -> None:
    """Fixation: whoever gave a browser its session has nothing of it afterwards."""
    client = Client()
    session = client.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key
    sign_in(client)
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()
    stranger = Client()
    stranger.cookies["sessionid"] = str(planted)
    assert stranger.get("/services/").status_code == 302


def test_a_cookie_that_was_stolen_before_a_new_password_opens_nothing(ada: User) -> None:
    mine, thief = Client(), Client()
    sign_in(mine)
    sign_in(thief)
    assert thief.get("/services/").status_code == 200
    given = {
        "old_password": PASSWORD,
        "new_password1": "another horse here",
        "new_password2": "another horse here",
    }
    assert mine.post("/password/", given).status_code == 302
    assert thief.get("/services/").status_code == 302
    assert mine.get("/services/").status_code == 200
    assert [one.mark for one in queries.of(User.objects.get(), timezone.now())] == [
        queries.mark(str(mine.session.session_key))
    ]


def test_who_is_deactivated_stays_out_whichever_way_was_right(ada: User, rf: RequestFactory) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    operations.set_active("ada", False, by="root", now=timezone.now())
    assert "Wrong user name or password" in text_of(sign_in(Client()))
    request = rf.get("/")
    request.session = Client().session
    with context.request_context(request):
        answer = perform_login(request, Login(user=User.objects.get(username="ada")))
    assert answer.status_code == 403 and "deactivated" in answer.content.decode()
    assert "_auth_user_id" not in request.session
    row = AuditEntry.objects.get(action="sign-in refused")
    assert (row.actor, row.target) == ("sign-in", "ada")


def test_nobody_signs_up_by_themselves(ada: User) -> None:
    for path in ("/signup/", "/accounts/signup/", "/login/signup/", "/accounts/login/"):
        assert Client().get(path).status_code == 404
    assert operations.invite("bob", Role.VIEWER, by="root", now=timezone.now())
    assert sign_in(Client(), "bob", "").status_code == 200

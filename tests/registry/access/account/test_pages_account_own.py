"""One's own sessions and API tokens; for admins, the tokens of everybody."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from registry.access import tokens
from registry.access.sessions.queries import PLACE, SEEN
from registry.models import ApiToken, AuditEntry, Role
from tests.support.api import Api
from tests.support.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


def sign_in(browser: str = "Firefox/140") -> Client:
    client = Client(headers={"User-Agent": f"Mozilla/5.0 (X11; Linux x86_64) {browser}"})
    assert client.post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    return client


def known(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def ends(page: str) -> list[str]:
    return re.findall(r'action="(/account/sessions/\w{24}/end/)"', page)


def made(client: Client, **fields: str) -> str:
    page = text_of(
        client.post("/account/tokens/add/", {"name": "job", "role": "viewer", "days": "30", **fields})
    )
    found = re.search(r"mcps_[\w-]{30,}", page)
    assert found, page[:2000]
    return found[0]


def test_sessions_are_told_apart_and_ended_one_by_one(ada: User) -> None:
    mine, phone, desk = sign_in(), sign_in("Chrome/140"), sign_in("Edg/140")
    page = text_of(mine.get("/account/"))
    assert "Firefox on Linux" in page and "Chrome on Linux" in page and "127.0.0.1" in page
    assert len(ends(page)) == 2 and (mine.session.session_key or "x") not in page
    assert mine.post(ends(page)[0])["Location"] == "/account/"
    assert [known(phone), known(desk)].count(False) == 1 and known(mine)
    mine.post("/account/sessions/end/")
    assert known(mine) and not known(phone) and not known(desk)
    assert AuditEntry.objects.filter(action__startswith="session").count() == 2


def began(client: Client, days: float) -> None:
    """As if its person had signed in so long ago, and looked at no page for a while."""
    session = client.session
    session[PLACE] = {"at": (timezone.now() - timedelta(days=days)).isoformat()}
    session[SEEN] = 0
    session.save()


def test_a_session_ends_a_month_after_it_began_however_much_it_is_used(ada: User) -> None:
    mine = sign_in()
    began(mine, 1)
    assert known(mine) and mine.session.get_expiry_date() > timezone.now() + timedelta(hours=11)
    began(mine, 29.9)
    assert known(mine) and mine.session.get_expiry_date() < timezone.now() + timedelta(hours=2.5)
    began(mine, 30)
    known(mine)
    assert not known(mine)


def test_a_session_may_have_no_last_hour(ada: User, settings: Any) -> None:
    settings.SESSION_DAYS = 0
    mine = sign_in()
    began(mine, 400)
    assert known(mine) and known(mine)


def test_nobody_ends_the_session_of_another(ada: User, admin: Client) -> None:
    first, second = sign_in(), sign_in("Chrome/140")
    (address,) = ends(text_of(first.get("/account/")))
    assert admin.post(address).status_code == 404 and known(second)


def test_a_session_keeps_its_place_through_a_new_password(ada: User) -> None:
    mine = sign_in()
    mine.post(
        "/password/",
        {"old_password": PASSWORD, "new_password1": "other 7 words", "new_password2": "other 7 words"},
    )
    assert "Firefox on Linux" in text_of(mine.get("/account/"))


def test_a_token_is_made_shown_once_used_and_revoked(ada: User) -> None:
    mine = sign_in()
    token = made(mine)
    assert Api(token).get("services").status_code == 200
    page = text_of(mine.get("/account/"))
    assert token not in page and token[: tokens.HINT] in page and "job" in page
    row = ApiToken.objects.get()
    assert row.expires_at and (row.expires_at - row.created_at).days == 30
    mine.post(f"/account/tokens/{row.pk}/revoke/")
    assert Api(token).get("services").status_code == 401
    assert mine.post(f"/account/tokens/{row.pk}/revoke/").status_code == 404


def test_a_token_has_at_most_the_role_of_its_person(ada: User) -> None:
    mine = sign_in()
    for role in ("operator", "admin", "x"):
        answer = mine.post("/account/tokens/add/", {"name": "job", "role": role, "days": "30"})
        assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_nobody_revokes_the_token_of_another(ada: User, operator: Client) -> None:
    made(sign_in())
    pk = ApiToken.objects.get().pk
    assert operator.post(f"/account/tokens/{pk}/revoke/").status_code == 404
    assert operator.post(f"/settings/tokens/{pk}/revoke/").status_code == 403
    assert operator.get("/settings/tokens/").status_code == 403
    assert ApiToken.objects.get().revoked_at is None


def test_an_admin_finds_whose_a_leaked_token_is(ada: User) -> None:
    admin, token = signed_in(Role.ADMIN), made(sign_in())
    made(admin, name="other")
    for q in (token, token[: tokens.HINT], "ada", "job"):
        page = text_of(admin.get("/settings/tokens/", {"q": q}))
        assert page.count("/revoke/") == 1 and "/people/" in page and ">ada<" in page
        assert token not in page
    assert "No tokens match" in text_of(admin.get("/settings/tokens/", {"q": token[:-1] + "?"}))
    admin.post(f"/settings/tokens/{ApiToken.objects.get(name='job').pk}/revoke/")
    assert Api(token).get("services").status_code == 401

"""A person's own password."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from registry.models import AuditEntry, SignInAttempt
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
OLD, NEW = "correct horse battery", "staple of another kind"


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada", password=OLD)


def browser() -> Client:
    client = Client()
    answer = client.post("/login/", {"username": "ada", "password": OLD})
    assert answer.status_code == 302
    return client


def change(client: Client, **fields: Any) -> Any:
    given = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW, **fields}
    return client.post("/password/", given)


def test_signed_out_is_sent_to_sign_in_and_other_methods_are_refused(user: User) -> None:
    assert Client().get("/password/").headers["Location"] == "/login/?next=/password/"
    assert change(Client()).headers["Location"].startswith("/login/")
    assert browser().delete("/password/").status_code == 405


def test_the_way_to_it_is_on_every_page(user: User) -> None:
    client = browser()
    assert 'href="/account/"' in text_of(client.get("/agents/"))
    assert 'href="/password/"' in text_of(client.get("/account/"))


def test_the_new_password_counts_and_other_browsers_are_signed_out(user: User) -> None:
    mine, other = browser(), browser()
    answer = change(mine)
    assert answer.headers["Location"] == "/password/"
    assert "Password changed" in text_of(mine.get("/password/"))
    assert other.get("/agents/").headers["Location"].startswith("/login/")
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert AuditEntry.objects.get(action="password changed").actor == "ada"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"old_password": "wrong-guess"}, "current password is wrong"),
        ({"new_password2": "something else 1"}, "do not match"),
        ({"new_password1": "short", "new_password2": "short"}, "too short"),
        ({"new_password1": "password1", "new_password2": "password1"}, "too common"),
        ({"new_password1": "", "new_password2": ""}, "required"),
        (
            {"new_password1": "MCPStore-2026!", "new_password2": "MCPStore-2026!"},
            "words related to this console",
        ),
        (
            {"new_password1": "acme.tools-admin", "new_password2": "acme.tools-admin"},
            "words related to this console",
        ),
    ],
)
def test_a_refusal_says_why_changes_nothing_and_shows_no_password(
    user: User, fields: dict[str, str], said: str, settings: Any
) -> None:
    settings.PUBLIC_URL, settings.PASSWORD_WORDS = "https://tools.example.org", ["acme"]
    answer = change(browser(), **fields)
    page = text_of(answer)
    assert (answer.status_code, said in page) == (422, True)
    for typed in (OLD, NEW, *filter(None, fields.values())):
        assert f'value="{typed}"' not in page
    user.refresh_from_db()
    assert user.check_password(OLD)
    assert not AuditEntry.objects.filter(action="password changed").exists()


@pytest.mark.parametrize("chosen", ["consoles-by-the-river", "8364 9261 0375", "store batteries 9"])
def test_a_word_of_the_console_among_others_is_no_reason_to_refuse(user: User, chosen: str) -> None:
    assert change(browser(), new_password1=chosen, new_password2=chosen).status_code == 302


def test_guessing_the_old_password_is_counted_like_guessing_at_the_door(user: User) -> None:
    client = browser()
    answers = [change(client, old_password=f"guess-{n}") for n in range(10)]
    assert answers[-1].status_code == 429
    kept = f"{list(SignInAttempt.objects.values())} {list(AuditEntry.objects.values())}"
    assert "password change failed" in kept
    assert "guess-" not in kept
    assert NEW not in kept
    assert change(client).status_code != 302
    user.refresh_from_db()
    assert user.check_password(OLD)

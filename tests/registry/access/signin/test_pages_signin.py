"""Signing in and out, and the error pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client

from tests.support.pages import HTMX, make_service, text_of

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


def sign_in(client: Client, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/login/", {"username": "ada", "password": password, **more})


def test_the_right_password_leads_to_the_page_that_was_asked_for(user: User) -> None:
    client = Client()
    assert sign_in(client, next="/services/?state=WARNING").headers["Location"] == "/services/?state=WARNING"
    assert client.get("/login/").headers["Location"] == "/"


def test_a_foreign_address_is_not_gone_to(user: User) -> None:
    assert sign_in(Client(), next="https://evil.example/").headers["Location"] == "/"


def test_a_wrong_password_says_so_and_keeps_only_the_name(user: User) -> None:
    page = text_of(sign_in(Client(), "wrong-guess-1"))
    assert "Wrong user name or password" in page
    assert 'value="ada"' in page
    assert "wrong-guess-1" not in page


def test_ten_wrong_passwords_lock_the_name_for_a_while(user: User) -> None:
    client = Client()
    answers = [sign_in(client, "wrong-guess") for _ in range(10)]
    assert "Too many wrong passwords" in text_of(answers[-1])
    assert answers[-1].status_code == 429
    assert "Too many wrong passwords" in text_of(sign_in(client))


def test_the_sign_in_page_shows_nothing_of_the_console(user: User) -> None:
    page = text_of(Client().get("/login/"))
    assert "<nav" not in page
    assert "data-feed" not in page
    assert "/live/" not in page


def test_a_fragment_of_a_signed_out_page_says_so_and_leaves_the_page_with_what_was_typed() -> None:
    answer = Client().get("/login/?next=/services/", headers=HTMX)
    assert "HX-Refresh" not in answer.headers
    assert answer.headers["HX-Retarget"] == "#messages"
    assert "/login/?next=/signed-in/" in text_of(answer)


def test_who_signs_in_beside_a_page_gets_a_token_for_it(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.get("/signed-in/?token=1").status_code == 302
    client.force_login(user)
    token = client.get("/signed-in/?token=1").json()["token"]
    assert client.post("/logout/", headers={"X-CSRFToken": token}).headers["Location"] == "/login/"
    client.force_login(user)
    assert "Close this tab" in text_of(client.get("/signed-in/"))


def test_signing_out_takes_a_post(user: User) -> None:
    client = Client()
    sign_in(client)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/services/").status_code == 302


def test_an_unknown_address_has_a_page_for_everybody(viewer: Client) -> None:
    for client in (Client(), viewer):
        answer = client.get("/no/such/page/")
        assert answer.status_code == 404
        assert "There is nothing at this address" in text_of(answer)


@pytest.mark.parametrize("name", ["400", "403_csrf", "500"])
def test_error_pages_need_neither_request_nor_database(name: str, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        page = render_to_string(f"{name}.html")
    assert "<h1>" in page
    assert not re.search(r"<script|<style|\sstyle=", page)


def test_a_fault_of_ours_is_a_page_that_tells_nothing(viewer: Client, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret is plainly-said")

    make_service()
    monkeypatch.setattr("lifecycle.services.views.services.service_queries.service_page", broken)
    viewer.raise_request_exception = False
    answer = viewer.get("/services/")
    assert answer.status_code == 500
    assert "Something went wrong" in text_of(answer)
    assert "plainly-said" not in text_of(answer)


def test_a_language_is_chosen_before_signing_in_and_the_typed_name_stays(user: User) -> None:
    client = Client(headers={"Accept-Language": "en"})
    answer = client.post(
        "/login/", {"username": "ada", "password": "half-typed", "next": "/services/", "language": "zh-hans"}
    )
    page = text_of(answer)
    assert '<html lang="zh-hans"' in page and answer["Content-Language"] == "zh-hans"
    assert 'value="ada"' in page and 'name="next" value="/services/"' in page
    assert "half-typed" not in page and 'role="alert"' not in page
    assert '<html lang="zh-hans"' in text_of(client.get("/login/"))
    assert "_auth_user_id" not in client.session
    assert sign_in(client).headers["Location"] == "/"
    assert '<html lang="zh-hans"' in text_of(client.get("/account/"))


def test_choosing_a_language_is_no_attempt_to_sign_in(user: User) -> None:
    client = Client()
    for _ in range(20):
        client.post("/login/", {"username": "ada", "password": "", "language": "en"})
    assert sign_in(client).headers["Location"] == "/"
    assert "Wrong user name" in text_of(sign_in(Client(), "wrong-guess-1", language="xx"))

"""An authenticator app, passkeys and recovery codes: set up, asked for, used up, taken away."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from registry.access.account.factors import queries
from registry.access.people import operations as people
from registry.access.signin import recent, throttle
from registry.models import AuditEntry, Role, SignInAttempt
from tests.doubles.passkey import SecurityKey
from tests.support.factors import (
    PASSWORD,
    add_app,
    add_passkey,
    code_of,
    codes_in,
    is_in,
    person,
    show_passkey,
    sign_in,
)
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(data_dir: Path) -> User:
    return person()


@pytest.fixture
def mine(ada: User) -> Client:
    client = Client()
    sign_in(client)
    return client


def audited() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("id").values_list("actor", "action", "detail"))


def test_after_the_password_the_code_of_the_app_is_asked_for(mine: Client) -> None:
    secret, codes = add_app(mine)
    assert len(codes) == 10
    other = Client()
    assert sign_in(other, next="/services/")["Location"] == "/login/second/"
    assert not is_in(other)
    page = text_of(other.get("/login/second/", secure=True))
    assert "The password of <b>ada</b> is correct" in page and "<nav" not in page
    wrong = other.post("/login/second/", {"code": "000000"}, secure=True)
    assert wrong.status_code == 422 and "This code is wrong" in text_of(wrong)
    assert other.post("/login/second/", {"code": code_of(secret)}, secure=True)["Location"] == "/services/"
    assert is_in(other)
    assert ("ada", "signed in", "from 127.0.0.1, by password and a code") in audited()
    assert ("sign-in", "second factor failed", "from 127.0.0.1") in audited()


def test_a_code_counts_once_and_so_does_the_one_that_set_the_app_up(mine: Client) -> None:
    secret, _codes = add_app(mine)
    for code, expected in ((code_of(secret, -1), 422), (code_of(secret), 302), (code_of(secret), 422)):
        other = Client()
        sign_in(other)
        assert other.post("/login/second/", {"code": code}, secure=True).status_code == expected


def test_a_recovery_code_opens_the_account_once(mine: Client, ada: User) -> None:
    _secret, codes = add_app(mine)
    for expected in (302, 422):
        other = Client()
        sign_in(other)
        assert other.post("/login/second/", {"code": codes[3]}, secure=True).status_code == expected
    assert queries.of(ada).codes == 9
    fresh = codes_in(text_of(mine.post("/account/codes/", secure=True)))
    assert len(fresh) == 10 and not {*fresh} & {*codes}
    other = Client()
    sign_in(other)
    assert other.post("/login/second/", {"code": codes[4]}, secure=True).status_code == 422
    assert other.post("/login/second/", {"code": fresh[4]}, secure=True).status_code == 302


def test_a_passkey_is_the_second_factor_and_a_way_in_by_itself(mine: Client) -> None:
    key = add_passkey(mine, name="blue key")
    assert "Passkey blue key" in text_of(mine.get("/account/", secure=True))
    other = Client()
    assert "Sign in with a passkey" in text_of(other.get("/login/", secure=True))
    assert show_passkey(other, key, next="/services/")["Location"] == "/services/"
    assert is_in(other)
    assert ("ada", "signed in", "from 127.0.0.1, by a passkey") in audited()
    third = Client()
    assert sign_in(third)["Location"] == "/login/second/"
    assert third.get("/login/second/?options=1").json()["publicKey"]["userVerification"] == "required"
    key.verified = False
    assert show_passkey(third, key, "/login/second/").status_code == 422
    key.verified = True
    assert show_passkey(third, key, "/login/second/")["Location"] == "/"
    assert is_in(third)


@pytest.mark.parametrize(
    "key",
    [
        SecurityKey(),
        SecurityKey(origin="https://testserver.evil.example"),
        SecurityKey(verified=False),
        SecurityKey(rp="evil.example"),
    ],
    ids=["another key", "another page", "nobody recognised", "another console"],
)
def test_what_is_no_passkey_of_this_console_opens_nothing(mine: Client, key: SecurityKey) -> None:
    right = add_passkey(mine)
    key.owner = right.owner
    if key.origin != "https://testserver" or not key.verified or key.rp != "testserver":
        key.key, key.number = right.key, right.number
    other = Client()
    assert show_passkey(other, key)["Location"] == "/login/?next=%2F"
    assert not is_in(other)
    assert ("sign-in", "passkey refused", "from 127.0.0.1") in audited()


def test_an_answer_to_an_earlier_question_opens_nothing(mine: Client) -> None:
    key, other = add_passkey(mine), Client()
    said = json.dumps(key.signed(other.get("/login/passkey/", secure=True).json()))
    other.get("/login/passkey/", secure=True)
    other.post("/login/passkey/", {"credential": said}, secure=True)
    assert not is_in(other)
    for nonsense in ("", "[]", "{}", '{"response": 1}', '{"response": {"userHandle": "!"}}', "\0"):
        assert other.post("/login/passkey/", {"credential": nonsense}, secure=True).status_code in (302, 429)


def test_passkeys_are_for_names_and_safe_connections(mine: Client) -> None:
    def offered(host: str, secure: bool) -> bool:
        answer = mine.get("/account/passkeys/add/", secure=secure, headers={"host": host})
        return 'name="credential"' in text_of(answer) and "Passkeys work only" not in text_of(answer)

    assert offered("testserver", True) and offered("localhost:8000", False)
    assert not offered("testserver", False) and not offered("127.0.0.1:8000", True)


def test_what_changes_a_second_factor_asks_first_who_it_is(mine: Client, ada: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(recent, "RECENT", 0.0)
    for path in ("/account/app/", "/account/passkeys/add/"):
        assert mine.get(path, secure=True)["Location"] == f"/account/confirm/?next={path.replace('/', '%2F')}"
    for path in ("/account/app/remove/", "/account/codes/", "/account/passkeys/1/remove/"):
        assert mine.post(path, secure=True)["Location"] == "/account/confirm/?next=%2Faccount%2F"
    monkeypatch.undo()
    session = mine.session
    session["account_authentication_methods"][0]["at"] -= 3600
    session.save()
    assert "/account/confirm/" in mine.get("/account/app/", secure=True)["Location"]
    confirm = {"next": "/account/app/"}
    assert mine.post("/account/confirm/", {**confirm, "password": "guess"}, secure=True).status_code == 422
    right = mine.post("/account/confirm/", {**confirm, "password": PASSWORD}, secure=True)
    assert right["Location"] == "/account/app/"
    assert mine.get("/account/app/", secure=True).status_code == 200
    assert ("sign-in", "confirmation failed", "from 127.0.0.1") in audited()


def test_who_has_a_second_factor_confirms_with_it_and_not_by_the_password(mine: Client) -> None:
    secret, _codes = add_app(mine)
    assert mine.post("/account/confirm/", {"password": PASSWORD}, secure=True).status_code == 422
    assert mine.post("/account/confirm/", {"code": code_of(secret)}, secure=True).status_code == 302


def test_with_the_last_factor_the_recovery_codes_go(mine: Client, ada: User) -> None:
    add_app(mine)
    key = add_passkey(mine)
    (passkey,) = queries.of(ada).passkeys
    assert mine.post("/account/app/remove/", secure=True).status_code == 302
    assert queries.of(ada).codes == 10
    assert mine.post(f"/account/passkeys/{passkey.pk}/remove/", secure=True).status_code == 302
    assert not Authenticator.objects.exists()
    show_passkey(other := Client(), key)
    assert not is_in(other)
    assert [action for _who, action, _detail in audited()][1:7] == [
        "authenticator app added",
        "recovery codes made",
        "passkey added",
        "authenticator app removed",
        "passkey removed",
        "passkey refused",
    ]


def test_nobody_touches_the_factors_of_another(mine: Client, ada: User) -> None:
    add_passkey(mine)
    (passkey,) = queries.of(ada).passkeys
    person("bob")
    bob = Client()
    sign_in(bob, "bob")
    assert bob.post(f"/account/passkeys/{passkey.pk}/remove/", secure=True).status_code == 404
    assert bob.post("/account/app/remove/", secure=True).status_code == 404
    assert queries.of(ada).passkeys


def test_an_admin_takes_lost_factors_away(mine: Client, ada: User, admin: Client) -> None:
    add_app(mine)
    add_passkey(mine)
    page = text_of(admin.get(f"/settings/people/{ada.pk}/"))
    assert "Authenticator app" in page and "Remove second factor" in page
    assert admin.post(f"/settings/people/{ada.pk}/factors/").status_code == 302
    assert not Authenticator.objects.exists() and not is_in(mine)
    assert ("admin-1", "second factor reset", "2 removed") in audited()
    other = Client()
    assert sign_in(other)["Location"] == "/" and is_in(other)
    assert mine.post(f"/settings/people/{ada.pk}/factors/").status_code == 302


def test_wrong_codes_wait_and_lock_nobody_out_who_was_there_before(mine: Client) -> None:
    """Whoever knows the password can guess codes; the person gets in beside them."""
    secret, _codes = add_app(mine)
    thief = Client()
    sign_in(thief)
    answers = [thief.post("/login/second/", {"code": "000000"}, secure=True).status_code for _ in range(11)]
    assert answers[8:] == [422, 429, 429]
    assert thief.post("/login/second/", {"code": code_of(secret)}, secure=True).status_code == 429
    mine.post("/logout/", secure=True)
    sign_in(mine)
    assert mine.post("/login/second/", {"code": code_of(secret)}, secure=True).status_code == 302


def test_who_shows_wrong_passkeys_waits_and_nobody_else(mine: Client) -> None:
    right = add_passkey(mine)
    wrong = SecurityKey(owner=right.owner)
    answers = [show_passkey(stranger := Client(), wrong).status_code for _ in range(11)]
    assert answers[-2:] == [429, 429]
    assert show_passkey(stranger, right).status_code == 429
    mine.post("/logout/", secure=True)
    assert show_passkey(mine, right)["Location"] == "/" and is_in(mine)
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert show_passkey(elsewhere, right)["Location"] == "/" and is_in(elsewhere)


def test_spraying_is_limited_by_address_whatever_is_sprayed(mine: Client) -> None:
    key = add_passkey(mine)
    for n in range(49):
        sign_in(stranger := Client(), f"name-{n}")
    assert show_passkey(stranger, SecurityKey(owner=key.owner)).status_code == 429
    assert sign_in(stranger, "name-50").status_code == 429
    mine.post("/logout/", secure=True)
    assert show_passkey(mine, key)["Location"] == "/"


def test_codes_guessed_from_many_addresses_open_nothing_in_a_strange_browser(mine: Client, ada: User) -> None:
    secret, _codes = add_app(mine)
    key, now = add_passkey(mine), timezone.now()
    name = throttle.digest("codes of ada")
    rows = [SignInAttempt(at=now - timedelta(hours=2), source=f"x{n}", name=name) for n in range(100)]
    SignInAttempt.objects.bulk_create(rows)
    thief = Client()
    sign_in(thief)
    assert thief.post("/login/second/", {"code": code_of(secret)}, secure=True).status_code == 429
    assert show_passkey(Client(), key)["Location"] == "/"
    mine.post("/logout/", secure=True)
    sign_in(mine)
    assert mine.post("/login/second/", {"code": code_of(secret)}, secure=True).status_code == 302


def test_a_password_changed_between_the_two_steps_ends_the_first(mine: Client, ada: User) -> None:
    secret, _codes = add_app(mine)
    thief = Client()
    sign_in(thief)
    ada.set_password("another horse battery")
    ada.save()
    assert thief.post("/login/second/", {"code": code_of(secret)}, secure=True)["Location"] == "/login/"
    assert not is_in(thief)


def test_who_is_deactivated_between_the_two_steps_stays_out(mine: Client, ada: User) -> None:
    secret, _codes = add_app(mine)
    key, other = add_passkey(mine), Client()
    sign_in(other)
    User.objects.create_superuser("root", password=PASSWORD)
    people.set_active("ada", False, by="root", now=timezone.now())
    answer = other.post("/login/second/", {"code": code_of(secret)}, secure=True)
    assert answer.status_code == 403 and "deactivated" in text_of(answer) and not is_in(other)
    assert show_passkey(other, key).status_code == 403 and not is_in(other)


def test_secrets_are_sealed_and_follow_a_new_key(mine: Client, ada: User) -> None:
    secret, codes = add_app(mine)
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept and codes[0].replace(" ", "") not in kept
    session = Client()
    sign_in(session)
    call_command("rotatekeys", settle=0)
    assert json.dumps(list(Authenticator.objects.values_list("data", flat=True))) != kept
    assert session.post("/login/second/", {"code": code_of(secret)}, secure=True).status_code == 302


def test_where_the_key_is_lost_the_password_alone_opens_the_account(mine: Client, data_dir: Path) -> None:
    add_app(mine)
    (data_dir / "secrets.key").unlink()
    call_command("rotatekeys", settle=0, give_up=True)
    assert not Authenticator.objects.exists()
    assert sign_in(Client())["Location"] == "/"


def test_signing_in_with_a_passkey_begins_another_session(mine: Client) -> None:
    key, other = add_passkey(mine), Client()
    asked = other.get("/login/passkey/", secure=True).json()
    planted = other.session.session_key
    other.post("/login/passkey/", {"credential": json.dumps(key.signed(asked))}, secure=True)
    assert is_in(other) and other.session.session_key != planted
    stranger = Client()
    stranger.cookies["sessionid"] = str(planted)
    assert not is_in(stranger)


def test_a_new_password_ends_sessions_of_passkeys_too(mine: Client) -> None:
    key, other = add_passkey(mine), Client()
    show_passkey(other, key)
    fresh = {f"new_password{n}": "another horse here" for n in (1, 2)}
    mine.post("/password/", {"old_password": PASSWORD, **fresh}, secure=True)
    assert is_in(mine) and not is_in(other)
    assert show_passkey(other, key).status_code == 302 and is_in(other)


def test_a_viewer_sees_their_own_page_and_the_list_says_who_has_one(mine: Client, admin: Client) -> None:
    people.set_role("ada", Role.VIEWER, by="root", now=timezone.now())
    add_app(mine)
    assert "second factor:" in text_of(admin.get("/settings/people/"))


def test_sessions_of_those_who_are_not_in_are_short_and_old_ones_go(mine: Client, ada: User) -> None:
    key, secret = add_passkey(mine), add_app(mine)[0]
    for begin in (lambda one: one.get("/login/passkey/"), sign_in):
        begin(waiting := Client())
        assert waiting.session.get_expiry_age() == 900
        begin(other := Client())
        answer = other.post("/login/second/", {"code": code_of(secret)}, secure=True)
        if answer.headers["Location"] != "/":
            show_passkey(other, key)
        assert is_in(other) and other.session.get_expiry_age() == settings.SESSION_COOKIE_AGE
    Session.objects.filter(session_key=waiting.session.session_key).update(expire_date=timezone.now())
    show_passkey(Client(), key)
    assert not Session.objects.filter(session_key=waiting.session.session_key).exists()

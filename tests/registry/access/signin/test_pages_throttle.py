"""Wrong passwords: where they are counted, whom that touches, and what is kept of them."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from registry.access import clients
from registry.access.signin import throttle
from registry.models import AuditEntry, SignInAttempt
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
PROXY = "10.0.0.1"


@pytest.fixture(autouse=True)
def _setting(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ("10.0.0.0/8",)
    for name in ("ada", "bob"):
        User.objects.create_user(name, password=PASSWORD)


def sign_in(
    address: str, name: str = "ada", password: str = "wrong-guess", client: Client | None = None, **more: Any
) -> Any:
    given = {"username": name, "password": password}
    headers = {"X-Forwarded-For": address}
    return (client or Client()).post("/login/", given, headers=headers, REMOTE_ADDR=more.get("peer", PROXY))


def statuses(address: str, times: int, **more: Any) -> list[int]:
    return [sign_in(address, **more).status_code for _ in range(times)]


def test_ten_wrong_passwords_behind_a_proxy_lock_nobody_else(db: None) -> None:
    assert statuses("198.51.100.1", 11)[-2:] == [429, 429]
    assert sign_in("198.51.100.1", password=PASSWORD).status_code == 429
    assert sign_in("198.51.100.2", password=PASSWORD).status_code == 302
    assert sign_in("198.51.100.1", "bob", PASSWORD).status_code == 302


def test_another_spelling_of_a_name_is_counted_and_audited_as_that_name() -> None:
    spellings = [
        "ada",
        " ada",
        "ada ",
        "\u2003ada",
        "\uff41da",
        "a\uff44\uff41",
        "ada\n",
        "\tada",
        " ada ",
        "\u24d0da",
    ]
    answers = [sign_in("198.51.100.1", name).status_code for name in spellings]
    assert (set(answers[:9]), answers[9]) == ({200}, 429)
    assert sign_in("198.51.100.1", password=PASSWORD).status_code == 429
    assert set(AuditEntry.objects.values_list("target", flat=True)) == {"ada"}


def test_an_address_that_a_stranger_made_up_is_not_believed() -> None:
    answers = [sign_in(f"198.51.100.{n}", peer="203.0.113.5").status_code for n in range(11)]
    assert answers[-1] == 429
    answers = [sign_in(f"192.0.2.{n}, 198.51.100.7").status_code for n in range(11)]
    assert answers[-1] == 429


def test_spraying_over_names_is_limited_by_address() -> None:
    answers = [sign_in("198.51.100.1", f"name-{n}").status_code for n in range(51)]
    assert set(answers[:49]) == {200}
    assert answers[-1] == 429
    assert sign_in("198.51.100.2", "bob", PASSWORD).status_code == 302


def test_a_browser_that_signed_in_before_gets_in_while_a_stranger_guesses_beside_it() -> None:
    mine = Client()
    sign_in("198.51.100.1", password=PASSWORD, client=mine)
    mine.post("/logout/")
    assert statuses("198.51.100.1", 11)[-1] == 429
    for n in range(50):
        sign_in("198.51.100.1", f"name-{n}")
    assert sign_in("198.51.100.1", password=PASSWORD, client=mine).status_code == 302
    mine.post("/logout/")
    assert statuses("198.51.100.9", 11, client=mine)[-1] == 429, "it may not guess without end either"
    assert sign_in("198.51.100.9", "bob", PASSWORD, client=mine).status_code == 302


def test_a_browser_cannot_say_itself_that_it_is_known() -> None:
    forged = Client()
    forged.cookies[clients.cookie()] = json.dumps({throttle.digest("ada"): "1"})
    assert statuses("198.51.100.1", 11, client=forged)[-1] == 429


def test_the_limit_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses("198.51.100.1", 10)
    for row in SignInAttempt.objects.all():
        SignInAttempt.objects.filter(pk=row.pk).update(at=row.at - throttle.WINDOW)
    assert sign_in("198.51.100.1", password=PASSWORD).status_code == 302
    SignInAttempt.objects.create(at=timezone.now() - timedelta(days=2), source="x", name="x")
    sign_in("198.51.100.1")
    assert SignInAttempt.objects.count() == 1


def test_what_was_typed_as_a_name_is_kept_nowhere_in_the_clear(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        sign_in("198.51.100.1", "my-password-1", "x")
        sign_in("198.51.100.1")
    kept = f"{list(SignInAttempt.objects.values())} {list(AuditEntry.objects.values())} {caplog.text}"
    assert "my-password-1" not in kept
    assert "wrong-guess" not in kept
    assert "sign-in failed: ada from 198.51.100.1" in caplog.text
    assert "sign-in failed: a name that nobody has from 198.51.100.1" in caplog.text


def test_signing_in_out_failing_and_being_refused_are_audited() -> None:
    client = Client()
    sign_in("198.51.100.1", password=PASSWORD, client=client)
    client.post("/logout/", REMOTE_ADDR=PROXY, headers={"X-Forwarded-For": "198.51.100.1"})
    statuses("198.51.100.2", 11)
    rows = AuditEntry.objects.order_by("id").values_list("actor", "action", "target", "detail")
    assert list(rows)[:3] == [
        ("ada", "signed in", "console", "from 198.51.100.1"),
        ("ada", "signed out", "console", "from 198.51.100.1"),
        ("sign-in", "sign-in failed", "ada", "from 198.51.100.2"),
    ]
    assert AuditEntry.objects.filter(action="sign-in failed").count() == 10
    refused = AuditEntry.objects.get(action="sign-in refused for a while")
    assert (refused.target, refused.detail) == ("ada", "from 198.51.100.2")


def test_guessing_one_password_from_many_addresses_is_told_and_locks_nobody(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MANY", 5)
    for n in range(6):
        sign_in(f"198.51.100.{n}")
    assert AuditEntry.objects.get(action="passwords guessed").target == "ada"
    assert sign_in("198.51.100.99", password=PASSWORD).status_code == 302


def test_a_proxy_that_no_setting_names_is_told_of(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.TRUSTED_PROXIES = ()
    clients._warned.clear()
    sign_in("198.51.100.1")
    sign_in("198.51.100.2")
    assert caplog.text.count("MCPSTORE_TRUSTED_PROXIES does not name") == 1
    assert "locked" not in text_of(sign_in("198.51.100.3"))

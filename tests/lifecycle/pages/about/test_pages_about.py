"""Sign-in, mail and about: what is in force, no secret, and tests that tell the truth."""

from __future__ import annotations

import platform
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from registry.core.openid import OpenId
from registry.models import AuditEntry
from tests.doubles import openid as doubles
from tests.support.pages import make_service, make_worker, text_of

pytestmark = pytest.mark.django_db
CANARY = "xq7b9z-secret"


@pytest.fixture
def with_mail(settings: Any) -> Any:
    settings.EMAIL_CONFIGURED, settings.EMAIL_BACKEND = True, "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "mail.example.org", 587
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "console", CANARY
    settings.EMAIL_USE_TLS = True
    return settings


def provider(settings: Any, url: str) -> None:
    roles = (("ops", "operator"),)
    settings.OIDC = OpenId(url=url, client_id="console", secret=CANARY, roles=roles)


def test_mail_shows_the_server_and_no_password(admin: Client, with_mail: Any) -> None:
    text = text_of(admin.get("/settings/mail/"))
    assert "mail.example.org:587" in text and "STARTTLS" in text and "is set" in text
    assert CANARY not in text


def test_a_test_mail_is_sent_to_who_is_named_and_noted(admin: Client, with_mail: Any) -> None:
    answer = admin.post("/settings/mail/test/", {"to": "me@example.org"}, follow=True)
    assert "accepted the test for me@example.org" in text_of(answer)
    (letter,) = mail.outbox
    assert letter.to == ["me@example.org"] and "admin-1" in letter.body
    assert AuditEntry.objects.filter(action="mail.test", target="me@example.org").exists()


def test_what_keeps_a_mail_is_said(admin: Client, with_mail: Any, settings: Any) -> None:
    bad = admin.post("/settings/mail/test/", {"to": "nobody"}, follow=True)
    assert "not an email address" in text_of(bad)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    refused = text_of(admin.post("/settings/mail/test/", {"to": "me@example.org"}, follow=True))
    assert "The mail server rejected it" in refused and CANARY not in refused
    settings.EMAIL_CONFIGURED = False
    assert "EMAIL_URL is not set" in text_of(admin.get("/settings/mail/"))


def test_sign_in_says_what_is_on_and_which_setting_changes_it(admin: Client, settings: Any) -> None:
    text = text_of(admin.get("/settings/sign-in/"))
    assert "MCPSTORE_OIDC_URL" in text and "MCPSTORE_IDLE_MINUTES" in text and "10 wrong guesses" in text
    assert "Test provider" not in text
    provider(settings, "https://login.example.org/realm")
    text = text_of(admin.get("/settings/sign-in/"))
    assert "https://login.example.org/realm" in text and "ops → operator" in text
    assert "/login/openid/back/" in text and "Test provider" in text and CANARY not in text


def test_the_provider_is_tried(admin: Client, settings: Any) -> None:
    assert admin.post("/settings/sign-in/test/").status_code == 404
    with doubles.openid_double() as double:
        provider(settings, double.url)
        assert "responds correctly" in text_of(admin.post("/settings/sign-in/test/", follow=True))
        double.discovery = {"issuer": "https://another.example"}
        refused = text_of(admin.post("/settings/sign-in/test/", follow=True))
        assert "cannot be used" in refused and CANARY not in refused


def test_about_can_be_copied_and_names_nobody(viewer: Client, settings: Any) -> None:
    make_worker(host="build-7.corp.example")
    make_service("payroll")
    provider(settings, "https://login.example.org/realm")
    text = text_of(viewer.get("/settings/about/"))
    copied = text[text.index('id="about-text"') : text.index("</pre>")]
    for word in ("MCPStore Console: ", "Python: 3.", "django: 5.", "fastmcp: ", "Workers: 1", "Services: 1"):
        assert word in copied, word
    for word in ("payroll", "build-7", "login.example.org", CANARY, settings.SECRET_KEY):
        assert word not in copied


def test_only_admins_see_how_people_get_in(operator: Client) -> None:
    for path in ("/settings/sign-in/", "/settings/mail/"):
        assert operator.get(path).status_code == 403
    assert operator.post("/settings/mail/test/", {"to": "me@example.org"}).status_code == 403


def test_about_says_yes_and_no_in_chinese_too(admin: Client, with_mail: Any) -> None:
    admin.cookies["language"] = "zh-hans"
    facts = dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", text_of(admin.get("/settings/about/"))))
    assert facts["平台"].startswith(platform.system())
    assert (facts["邮件"], facts["代理"]) == ("是", "否")

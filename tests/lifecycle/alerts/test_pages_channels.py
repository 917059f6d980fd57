"""The pages of channels and of what is delivered: secrets are shown once, mistakes are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.models import Channel, Delivery, DeliveryAttempt
from tests.support.fleet import NOON, make_rule
from tests.support.pages import HTMX

pytestmark = pytest.mark.django_db


def test_a_mail_channel_is_added_to_all_rules_and_says_when_mail_cannot_leave(
    admin: Client, settings: Settings
) -> None:
    settings.EMAIL_CONFIGURED = False
    rule = make_rule()
    add = reverse("channel_add", args=["email"])
    assert "EMAIL_URL is not set" in admin.get(add).content.decode()
    answer = admin.post(
        add, {"name": "Ops", "to": "a@example.org, b@example.org", "all_rules": "on", "enabled": "on"}
    )
    assert answer["Location"] == reverse("channel_list")
    channel = Channel.objects.get()
    assert channel_config.unseal(channel.sealed).to == ("a@example.org", "b@example.org")
    assert rule.channels.get() == channel
    assert "EMAIL_URL is not set" in admin.get(reverse("channel_list")).content.decode()


@pytest.mark.parametrize(
    ("kind", "sent", "words"),
    [
        ("email", {"to": "nobody"}, "“nobody” is not an email address"),
        ("email", {"to": ""}, "This field is required."),
        ("webhook", {"url": "ftp://x.example.org"}, "begins with https:// or http://"),
        ("webhook", {"url": "javascript:alert(1)"}, "begins with https:// or http://"),
        ("webhook", {"url": "http://127.0.0.1:9/x"}, "MCPSTORE_EGRESS_ALLOW"),
        ("webhook", {"url": "http://169.254.169.254/latest"}, "never connects to"),
        ("webhook", {"url": "http://[::1"}, "This is not a URL."),
        ("webhook", {"url": "https://x.example.org", "secret": "hunter2"}, "24 to 64 bytes in base64"),
        ("slack", {"url": "http://10.0.0.1/x"}, "MCPSTORE_EGRESS_ALLOW"),
        ("telegram", {"token": "123", "chat": "1"}, "A bot token is a number, a colon and letters"),
        ("telegram", {"token": "1:A/../B", "chat": "1"}, "A bot token is a number, a colon and letters"),
        ("telegram", {"token": "1:AB", "chat": "the chat"}, "A chat is a number"),
        ("ntfy", {"url": "https://n.example.org", "topic": "a/b"}, "A topic has at most 64"),
        ("pagerduty", {"key": "a b", "region": "us"}, "no spaces"),
        ("pagerduty", {"key": "ab", "region": "moon"}, "moon is not one of the available choices"),
    ],
)
def test_a_wrong_channel_is_told_what_is_wrong(
    admin: Client, kind: str, sent: dict[str, str], words: str
) -> None:
    answer = admin.post(reverse("channel_add", args=[kind]), {"name": "x", **sent})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Channel.objects.exists()


def test_a_signing_secret_is_shown_once_and_kept_when_left_empty(admin: Client) -> None:
    url = "https://hooks.example.org/T0/XYZ"
    answer = admin.post(
        reverse("channel_add", args=["webhook"]), {"name": "Hook", "url": url, "enabled": "on"}
    )
    channel = Channel.objects.get()
    secret = channel_config.unseal(channel.sealed).secret
    edit = reverse("channel_edit", args=[channel.pk])
    assert answer["Location"] == edit
    assert secret not in str(dict(admin.session))
    first = admin.get(edit)
    assert secret in first.content.decode() and "no-store" in first["Cache-Control"]
    again = admin.get(edit).content.decode()
    assert secret not in again and url not in again and "https://hooks.example.org/…" in again
    admin.post(edit, {"name": "Hook 2", "url": "", "secret": "", "enabled": "on"})
    channel.refresh_from_db()
    assert channel.name == "Hook 2"
    assert channel_config.unseal(channel.sealed) == Config(url=url, secret=secret)


def test_a_new_secret_is_shown_once_and_the_old_one_goes_on_for_a_day(admin: Client) -> None:
    old = channel_config.new_secret()
    sealed = channel_config.seal(Config(url="https://x.example.org", secret=old))
    channel = Channel.objects.create(name="h", kind="webhook", sealed=sealed, summary="", created_at=NOON)
    answer = admin.post(reverse("channel_rotate", args=[channel.pk]), follow=True)
    channel.refresh_from_db()
    config = channel_config.unseal(channel.sealed)
    assert config.secret in answer.content.decode() and old not in answer.content.decode()
    assert config.signing(timezone.now() + timedelta(hours=23)) == (config.secret, old)


def test_a_test_message_is_followed_to_its_outcome(admin: Client, log_channel: Channel) -> None:
    address = reverse("channel_test", args=[log_channel.pk])
    waiting = admin.post(address, headers=HTMX).content.decode()
    assert "Sending the test message" in waiting
    assert admin.post(address, headers=HTMX).content.decode() == waiting
    delivery = Delivery.objects.get()
    state = reverse("channel_test_state", args=[log_channel.pk, delivery.pk])
    assert state in waiting
    Delivery.objects.update(created_at=timezone.now() - timedelta(seconds=9))
    assert "Is it running?" in admin.get(state).content.decode()
    Delivery.objects.update(state="dead", answer="500 Out of order")
    failed = admin.get(state).content.decode()
    assert "Not delivered: 500 Out of order" in failed and "hx-get" not in failed
    DeliveryAttempt.objects.create(delivery=delivery, at=NOON, ok=True, answer="204", ms=12)
    Delivery.objects.update(state="delivered", answer="204 No Content")
    assert "Delivered in 12 ms: 204 No Content" in admin.get(state).content.decode()


def test_deliveries_are_listed_narrowed_and_replayed(admin: Client, log_channel: Channel) -> None:
    delivery = outbox_write.queue_test(log_channel, "ann", NOON)
    Delivery.objects.update(state="dead", answer="no such host")
    page = admin.get(
        reverse("delivery_list"), {"state": "dead", "channel": str(log_channel.pk)}
    ).content.decode()
    assert "no such host" in page and delivery.message_id.hex in page
    assert "No messages match" in admin.get(reverse("delivery_list"), {"state": "queued"}).content.decode()
    assert (
        admin.get(reverse("delivery_list"), {"state": "x'--", "channel": "1e9", "before": "-1"}).status_code
        == 200
    )
    address = reverse("delivery_replay", args=[delivery.pk])
    row = admin.post(address, headers=HTMX).content.decode()
    assert row.startswith("<tr") and "Waiting" in row
    assert admin.post(address, headers=HTMX).status_code == 409


def test_a_channel_that_gave_up_is_switched_on_again_by_saving(admin: Client) -> None:
    channel = Channel.objects.create(
        name="log",
        kind="console",
        sealed="",
        summary="",
        created_at=NOON,
        enabled=False,
        disabled_reason="410 Gone",
    )
    assert "Disabled: 410 Gone" in admin.get(reverse("channel_list")).content.decode()
    admin.post(reverse("channel_edit", args=[channel.pk]), {"name": "log", "enabled": "on"})
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (True, "")


def test_a_kept_token_goes_to_no_other_server(admin: Client) -> None:
    values = {"url": "https://gotify.example.org", "token": "Asecret", "name": "Phone", "enabled": "on"}
    admin.post(reverse("channel_add", args=["gotify"]), values)
    channel = Channel.objects.get()
    edit = reverse("channel_edit", args=[channel.pk])
    page = admin.get(edit).content.decode()
    assert "Asecret" not in page and "https://gotify.example.org" in page
    elsewhere = {**values, "token": "", "url": "https://evil.example.org"}
    refused = admin.post(edit, elsewhere)
    assert refused.status_code == 422 and "The address has changed" in refused.content.decode()
    for path, token in (("https://gotify.example.org/sub", ""), ("https://new.example.org", "Bsecret")):
        assert admin.post(edit, {**values, "token": token, "url": path}).status_code == 302
    channel.refresh_from_db()
    config = channel_config.unseal(channel.sealed)
    assert (config.url, config.value("token")) == ("https://new.example.org", "Bsecret")


def test_what_is_chosen_can_be_chosen_otherwise_and_emptied(admin: Client) -> None:
    values = {"token": "1:AB", "chat": "-5", "topic": "9", "name": "Chat", "enabled": "on"}
    admin.post(reverse("channel_add", args=["telegram"]), values)
    channel = Channel.objects.get()
    assert channel.summary == "chat -5"
    admin.post(
        reverse("channel_edit", args=[channel.pk]), {**values, "token": "", "chat": "@news", "topic": ""}
    )
    channel.refresh_from_db()
    assert channel_config.unseal(channel.sealed).more == {"token": "1:AB", "chat": "@news"}


def test_a_secret_that_a_channel_can_do_without_is_removed_where_a_person_says_so(admin: Client) -> None:
    given = {"name": "Group", "enabled": "on", "url": "https://oapi.dingtalk.com/robot/send?access_token=t"}
    admin.post(reverse("channel_add", args=["dingtalk"]), given | {"signing": "SECabc"})
    channel = Channel.objects.get()
    edit = reverse("channel_edit", args=[channel.pk])
    assert 'name="clear-signing"' in admin.get(edit).content.decode()
    admin.post(edit, {"name": "Group", "enabled": "on"})
    assert channel_config.unseal(Channel.objects.get().sealed).value("signing") == "SECabc"
    admin.post(edit, {"name": "Group", "enabled": "on", "clear-signing": "on"})
    left = channel_config.unseal(Channel.objects.get().sealed)
    assert (left.value("signing"), left.url) == ("", given["url"])
    assert "clear-" not in admin.get(edit).content.decode(), "there is nothing to remove"


def test_a_secret_that_a_channel_needs_or_makes_cannot_be_removed(admin: Client) -> None:
    admin.post(
        reverse("channel_add", args=["webhook"]),
        {"name": "Hook", "enabled": "on", "url": "https://h.example/x"},
    )
    edit = reverse("channel_edit", args=[Channel.objects.get().pk])
    assert "clear-" not in admin.get(edit).content.decode()
    admin.post(edit, {"name": "Hook", "enabled": "on", "clear-secret": "on", "clear-url": "on"})
    left = channel_config.unseal(Channel.objects.get().sealed)
    assert left.url == "https://h.example/x" and left.secret.startswith("whsec_")

"""The pages of alerts: who may see and do what, and what a mistake is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from lifecycle.alerts import channels, outbox
from lifecycle.alerts.channels import Config
from lifecycle.core.states import State
from lifecycle.models import AlertRule, Channel, Delivery, DeliveryAttempt, Episode
from registry.models import AuditEntry, Membership, Role
from tests.alerts.conftest import NOON, Fleet, at, make_rule

pytestmark = pytest.mark.django_db
PAGES = ["alert_list", "rule_list", "rule_add", "channel_list", "delivery_list"]
HTMX = {"HX-Request": "true"}


def signed_in(role: Role) -> Client:
    user = User.objects.create_user(role.value)
    Membership.objects.create(user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(db: None) -> Client:
    return signed_in(Role.ADMIN)


@pytest.fixture
def viewer(db: None) -> Client:
    return signed_in(Role.VIEWER)


def rule_data(**fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": "Down",
        "level": "ERROR",
        "condition": "state-entered",
        "states": ["UNREACHABLE"],
        "seconds": "300",
        "scope": "all",
        "cooldown": "300",
        "enabled": "on",
    }
    return {**values, **fields}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_asks_to_sign_in(name: str, client: Client) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 302 and answer["Location"].startswith("/login/")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_itself_empty(name: str, admin: Client) -> None:
    assert admin.get(reverse(name)).status_code == 200


def test_a_viewer_may_look_and_no_more(viewer: Client, log_channel: Channel) -> None:
    rule = make_rule(log_channel)
    for name in ("alert_list", "rule_list", "channel_list", "delivery_list"):
        assert viewer.get(reverse(name)).status_code == 200
    for name, args in (
        ("rule_add", []),
        ("rule_edit", [rule.pk]),
        ("channel_add", ["email"]),
        ("channel_edit", [log_channel.pk]),
    ):
        assert viewer.get(reverse(name, args=args)).status_code == 403
    for name, pk in (
        ("rule_switch", rule.pk),
        ("rule_delete", rule.pk),
        ("channel_delete", log_channel.pk),
        ("channel_test", log_channel.pk),
        ("alert_acknowledge", 1),
        ("delivery_replay", 1),
    ):
        assert viewer.post(reverse(name, args=[pk])).status_code == 403
    assert AlertRule.objects.get().enabled and not Delivery.objects.exists()


def test_an_operator_may_not_touch_channels(log_channel: Channel) -> None:
    operator = signed_in(Role.OPERATOR)
    assert operator.get(reverse("rule_add")).status_code == 200
    assert operator.get(reverse("channel_edit", args=[log_channel.pk])).status_code == 403
    assert operator.post(reverse("channel_rotate", args=[log_channel.pk])).status_code == 403
    assert operator.post(reverse("channel_test", args=[log_channel.pk]), headers=HTMX).status_code == 200


def test_what_changes_something_wants_post(admin: Client, log_channel: Channel) -> None:
    for name in ("rule_switch", "rule_delete", "channel_delete", "channel_test", "channel_rotate"):
        assert admin.get(reverse(name, args=[log_channel.pk])).status_code == 405


def test_open_and_past_alerts_are_shown_with_the_service_and_the_reason(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    one, two = fleet.service("one"), fleet.service("two")
    fleet.move(one, State.RECONNECTING, at(0), why="<script>alert(1)</script>")
    fleet.move(two, State.RECONNECTING, at(0), why="broken pipe")
    fleet.move(two, State.HEALTHY, at(65), event="connected")
    page = admin.get(reverse("alert_list")).content.decode()
    assert "&lt;script&gt;" in page and "<script>alert" not in page
    assert page.index("one is RECONNECTING") < page.index("two is RECONNECTING")
    assert "The service serves again · lasted 1 min 5 s" in page
    assert reverse("service_detail", args=["one"]) in page


def test_what_ended_before_it_fired_is_shown_on_request(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=300, name="Lasting")
    service = fleet.service()
    fleet.move(service, State.RECONNECTING, at(0))
    assert "Fires, if nothing changes" in admin.get(reverse("alert_list")).content.decode()
    fleet.move(service, State.HEALTHY, at(10), event="connected")
    assert "Lasting" not in admin.get(reverse("alert_list")).content.decode()
    assert "Lasting" in admin.get(reverse("alert_list"), {"quiet": "1"}).content.decode()


def test_the_link_in_a_message_leads_to_the_service() -> None:
    assert outbox.service_url("a.b-c").endswith(reverse("service_detail", args=["a.b-c"]))


def test_acknowledging_is_noted_and_possible_once(admin: Client, fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    fleet.move(fleet.service(), State.RECONNECTING, at(0))
    episode = Episode.objects.get()
    address = reverse("alert_acknowledge", args=[episode.pk])
    answer = admin.post(address, headers=HTMX)
    assert "Acknowledged by admin" in answer.content.decode()
    assert AuditEntry.objects.filter(action="alert.acknowledge", actor="admin").exists()
    assert admin.post(address, headers=HTMX).status_code == 409
    assert admin.post(reverse("alert_acknowledge", args=[episode.pk + 1])).status_code == 404


def test_a_rule_of_tools_is_saved_and_told_in_words(admin: Client) -> None:
    sent = rule_data(condition="tools-changed", states=[], breaking_only="on")
    page = admin.post(reverse("rule_add"), sent, follow=True).content.decode()
    assert "A tool changes in a breaking way" in page
    rule = AlertRule.objects.get()
    assert (rule.condition, rule.breaking_only) == ("tools-changed", True)
    assert (
        'name="breaking_only" id="id_breaking_only" checked'
        in admin.get(reverse("rule_edit", args=[rule.pk])).content.decode()
    )


def test_a_rule_is_added_changed_switched_and_deleted(admin: Client, log_channel: Channel) -> None:
    sent = rule_data(channels=[log_channel.pk], notify_recovery="on", scope="tags", values="eu, paid eu")
    answer = admin.post(reverse("rule_add"), sent, follow=True)
    assert "The rule “Down” is saved." in answer.content.decode()
    rule = AlertRule.objects.get()
    assert rule.scope == {"kind": "tags", "values": ["eu", "paid"]} and rule.channels.get() == log_channel
    edit = reverse("rule_edit", args=[rule.pk])
    assert 'value="eu, paid"' in admin.get(edit).content.decode()
    admin.post(edit, rule_data(name="Gone", condition="not-serving-for", seconds="60"))
    rule.refresh_from_db()
    assert (rule.name, rule.condition, rule.seconds, rule.notify_recovery) == (
        "Gone",
        "not-serving-for",
        60,
        False,
    )
    row = admin.post(reverse("rule_switch", args=[rule.pk]), {"enabled": "0"}, headers=HTMX).content.decode()
    assert row.startswith("<tr") and "Switch on" in row
    admin.post(reverse("rule_delete", args=[rule.pk]))
    assert not AlertRule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"states": []}, "Choose at least one state."),
        ({"states": ["HEALTHY"]}, "HEALTHY is not one of the available choices"),
        ({"condition": "not-serving-for", "seconds": ""}, "Say how many seconds."),
        ({"condition": "not-serving-for", "seconds": "-5"}, "greater than or equal to 1"),
        ({"scope": "services", "values": "ghost"}, "Not known here: ghost."),
        ({"scope": "profiles", "values": "gentle"}, "Not known here: gentle."),
        ({"scope": "tags", "values": " , "}, "Say which ones, or choose all services."),
        ({"message": "{host} {service.__class__} is down"}, "{host}, {service.__class__} is not known."),
        ({"cooldown": "99999999"}, "less than or equal to 86400"),
        ({"name": "Taken"}, "There is a rule of this name already."),
    ],
)
def test_a_wrong_rule_is_told_what_is_wrong_and_changes_nothing(
    admin: Client, wrong: dict[str, Any], words: str
) -> None:
    make_rule(name="Taken")
    for headers in ({}, HTMX):
        answer = admin.post(reverse("rule_add"), rule_data(**wrong), headers=headers)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert AlertRule.objects.count() == 1


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
    assert channels.unseal(channel.sealed).to == ("a@example.org", "b@example.org")
    assert rule.channels.get() == channel
    assert "EMAIL_URL is not set" in admin.get(reverse("channel_list")).content.decode()


@pytest.mark.parametrize(
    ("kind", "sent", "words"),
    [
        ("email", {"to": "nobody"}, "“nobody” is not a mail address"),
        ("email", {"to": ""}, "This field is required."),
        ("webhook", {"url": "ftp://x.example.org"}, "begins with https:// or http://"),
        ("webhook", {"url": "javascript:alert(1)"}, "begins with https:// or http://"),
        ("webhook", {"url": "http://127.0.0.1:9/x"}, "MCPSTORE_EGRESS_ALLOW"),
        ("webhook", {"url": "http://169.254.169.254/latest"}, "never connects to"),
        ("webhook", {"url": "http://[::1"}, "This is not a URL."),
        ("webhook", {"url": "https://x.example.org", "secret": "hunter2"}, "24 to 64 bytes in base64"),
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
    secret = channels.unseal(channel.sealed).secret
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
    assert channels.unseal(channel.sealed) == Config(url=url, secret=secret)


def test_a_new_secret_is_shown_once_and_the_old_one_goes_on_for_a_day(admin: Client) -> None:
    old = channels.new_secret()
    sealed = channels.seal(Config(url="https://x.example.org", secret=old))
    channel = Channel.objects.create(name="h", kind="webhook", sealed=sealed, summary="", created_at=NOON)
    answer = admin.post(reverse("channel_rotate", args=[channel.pk]), follow=True)
    channel.refresh_from_db()
    config = channels.unseal(channel.sealed)
    assert config.secret in answer.content.decode() and old not in answer.content.decode()
    assert config.signing(timezone.now() + timedelta(hours=23)) == (config.secret, old)


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
    assert "Switched off: 410 Gone" in admin.get(reverse("channel_list")).content.decode()
    admin.post(reverse("channel_edit", args=[channel.pk]), {"name": "log", "enabled": "on"})
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (True, "")


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
    delivery = outbox.queue_test(log_channel, "ann", NOON)
    Delivery.objects.update(state="dead", answer="no such host")
    page = admin.get(
        reverse("delivery_list"), {"state": "dead", "channel": str(log_channel.pk)}
    ).content.decode()
    assert "no such host" in page and delivery.message_id.hex in page
    assert "No message matches" in admin.get(reverse("delivery_list"), {"state": "queued"}).content.decode()
    assert (
        admin.get(reverse("delivery_list"), {"state": "x'--", "channel": "1e9", "before": "-1"}).status_code
        == 200
    )
    address = reverse("delivery_replay", args=[delivery.pk])
    row = admin.post(address, headers=HTMX).content.decode()
    assert row.startswith("<tr") and "Waiting" in row
    assert admin.post(address, headers=HTMX).status_code == 409


def test_deleting_a_rule_does_not_lose_its_waiting_messages(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    rule = make_rule(log_channel)
    fleet.move(fleet.service(), State.RECONNECTING, at(0))
    admin.post(reverse("rule_delete", args=[rule.pk]))
    assert Delivery.objects.get().state == "queued"


def test_long_lists_come_in_pages(
    admin: Client, fleet: Fleet, log_channel: Channel, django_assert_max_num_queries: Any
) -> None:
    rule, service = make_rule(log_channel), fleet.service()
    Episode.objects.bulk_create(
        Episode(
            rule=rule,
            service=service,
            state="resolved",
            opened_at=NOON,
            resolved_at=NOON,
            fired_at=NOON,
            summary=f"no. {n};",
        )
        for n in range(120)
    )
    with django_assert_max_num_queries(14):
        first = admin.get(reverse("alert_list")).content.decode()
    assert "no. 119;" in first and "no. 70;" in first and "no. 69;" not in first
    before = Episode.objects.get(summary="no. 70;").pk
    assert f"?before={before}" in first
    second = admin.get(reverse("alert_list"), {"before": before}).content.decode()
    assert "no. 69;" in second and "no. 70;" not in second

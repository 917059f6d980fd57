"""Links in messages: looked at they do nothing, pressed they act once, and they say what is in the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lifecycle.alerts.actions import links
from lifecycle.alerts.actions.links import Action, Link
from lifecycle.alerts.outbox.content import digest
from lifecycle.alerts.outbox.delivery import _acting, _without_secrets
from lifecycle.core.alerting.digest import Counts
from lifecycle.core.machine.states import State
from lifecycle.models import Command, Delivery, Episode, Silence
from registry.models import AuditEntry
from tests.support.fleet import Fleet, make_rule
from tests.support.posting import make_channel

pytestmark = pytest.mark.django_db


class Mail:
    """What a receiver has: a message of an alert that fires, with its links."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.now, self.channel = fleet, timezone.now(), make_channel("phone")
        self.service = fleet.service()
        make_rule(self.channel)
        fleet.move(self.service, State.UNREACHABLE, self.now)
        self.row, self.delivery = Episode.objects.get(), Delivery.objects.get()
        self.links: dict[str, str] = _acting(self.delivery)["data"]["actions"]

    def path(self, name: str) -> str:
        return self.links[name].removeprefix("http://127.0.0.1:8000")

    def reload(self) -> Episode:
        self.row.refresh_from_db()
        return self.row


@pytest.fixture
def mail(fleet: Fleet, settings: Any) -> Mail:
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    return Mail(fleet)


def quiet_rows() -> list[int]:
    return [model.objects.count() for model in (AuditEntry, Command, Silence, Delivery)]


@pytest.mark.parametrize("name", ["acknowledge", "snooze", "check"])
def test_looking_at_a_link_does_nothing(mail: Mail, client: Client, name: str) -> None:
    before = quiet_rows()
    for _time in range(3):
        page = client.get(mail.path(name))
        assert page.status_code == 200 and client.head(mail.path(name)).status_code == 200
        assert '<button type="submit" class="primary wide">' in page.content.decode()
        assert page.headers["Cache-Control"].startswith("max-age=0")
    assert (quiet_rows(), mail.reload().state) == (before, "firing")


def test_acknowledging_from_a_message_needs_no_sign_in_and_is_noted(mail: Mail) -> None:
    client = Client(enforce_csrf_checks=True)  # a mail program's browser keeps no cookie
    assert "Acknowledged." in client.post(mail.path("acknowledge")).content.decode()
    row = mail.reload()
    assert (row.state, row.acknowledged_by) == ("acknowledged", "phone (message)")
    entry = AuditEntry.objects.get(action="alert.acknowledge")
    assert (entry.actor, entry.door) == ("phone (message)", "page")
    again = client.post(mail.path("acknowledge"))
    assert again.status_code == 410 and "phone (message) acknowledged this alert at" in again.content.decode()


def test_snoozing_from_a_message_lasts_an_hour_and_works_again_after_it(mail: Mail, client: Client) -> None:
    assert "Snoozed until" in client.post(mail.path("snooze")).content.decode()
    made = Silence.objects.get()
    assert made.ends_at - made.starts_at == timedelta(hours=1)
    assert (made.services, made.rules) == (["weather"], [mail.row.rule_id])
    assert AuditEntry.objects.get(action="silence.add").actor == "phone (message)"
    again = client.post(mail.path("snooze"))
    assert again.status_code == 410 and "is already silenced until" in again.content.decode()
    Silence.objects.update(ends_at=timezone.now())
    assert client.get(mail.path("snooze")).status_code == 200


def test_a_check_from_a_message_is_asked_of_the_worker(mail: Mail, client: Client) -> None:
    assert "Check requested" in client.post(mail.path("check")).content.decode()
    command = Command.objects.get()
    assert (command.kind, command.requested_by, command.origin) == ("check", "phone (message)", "page")
    mail.service.__class__.objects.update(desired="stopped")
    refused = client.post(mail.path("check"))
    assert refused.status_code == 409 and "is stopped; start it first" in refused.content.decode()
    assert Command.objects.count() == 1


def test_a_link_that_was_changed_or_cut_is_void(mail: Mail, client: Client) -> None:
    good = mail.path("acknowledge")
    value, seal = good.rstrip("/").split("/")[-1].split(".")
    other = value.replace("-a-", "-s-")
    for token in (f"{value}.{seal[:-1]}", f"9{value}.{seal}", value, "x", f"{other}.{seal}"):
        answer = client.post(reverse("alert_act", args=[token]))
        assert answer.status_code == 404 and "incomplete" in answer.content.decode(), token
    assert mail.reload().state == "firing"


def test_a_link_expires_after_a_week(mail: Mail, client: Client) -> None:
    Delivery.objects.update(created_at=timezone.now() - links.LIVES - timedelta(seconds=1))
    old = _acting(Delivery.objects.get())["data"]["actions"]["acknowledge"]
    answer = client.post(old.removeprefix("http://127.0.0.1:8000"))
    assert answer.status_code == 410 and "This link expired at" in answer.content.decode()
    assert mail.reload().state == "firing"


def test_the_link_of_an_alert_that_is_over_or_gone_says_so(mail: Mail, client: Client) -> None:
    mail.fleet.move(mail.service, State.HEALTHY, mail.now, event="connected")
    for name in mail.links:
        answer = client.post(mail.path(name))
        assert answer.status_code == 410 and "This alert ended at" in answer.content.decode()
    mail.row.delete()
    gone = client.post(mail.path("check"))
    assert gone.status_code == 410 and "This alert no longer exists" in gone.content.decode()
    assert not Command.objects.exists()


@pytest.mark.parametrize("how", ["disable", "delete"])
def test_a_channel_that_is_off_takes_its_links_with_it(mail: Mail, client: Client, how: str) -> None:
    if how == "delete":
        mail.channel.delete()
    else:
        mail.channel.__class__.objects.update(enabled=False)
    assert client.post(mail.path("acknowledge")).status_code == 410
    assert mail.reload().state == "firing"


def test_links_stand_in_no_row_and_in_no_answer_that_people_read(mail: Mail) -> None:
    assert "actions" not in mail.delivery.payload["data"]
    said = _without_secrets(mail.delivery, f"400 bad text: <{mail.links['check']}> and more")
    assert said == "400 bad text: <http://127.0.0.1:8000/alerts/act/…/> and more"
    assert mail.links == _acting(mail.delivery)["data"]["actions"], "the same at each repetition"


def test_an_end_has_no_links_and_a_group_leads_to_the_open_alerts(mail: Mail) -> None:
    mail.fleet.move(mail.service, State.HEALTHY, mail.now, event="connected")
    assert "actions" not in _acting(Delivery.objects.get(kind="resolved"))["data"]
    rows = [mail.delivery]
    fires = digest.payload(rows, Counts(firing=1, resolved=0), 1, mail.now)["data"]
    assert fires["actions"] == {"alerts": "http://127.0.0.1:8000/alerts/"}
    assert digest.payload(rows, Counts(firing=0, resolved=1), 1, mail.now)["data"]["actions"] == {}


def test_a_mail_of_many_acknowledges_each_that_fires_by_itself(mail: Mail, client: Client) -> None:
    told = digest.payload([mail.delivery], Counts(firing=1, resolved=0), 1, mail.now)
    told["data"]["members"].append(told["data"]["members"][0] | {"kind": "resolved"})
    group = Delivery(channel=mail.channel, kind="firing", payload=told, created_at=mail.now)
    mail.channel.kind = "email"
    fires, ended = _acting(group)["data"]["members"]
    assert "acknowledge" not in ended and "acknowledge" not in told["data"]["members"][0]
    client.post(fires["acknowledge"].removeprefix("http://127.0.0.1:8000"))
    assert mail.reload().state == "acknowledged"
    mail.channel.kind = "webhook"
    assert _acting(group)["data"]["members"] == told["data"]["members"]


def test_an_alert_of_all_services_has_nothing_to_check(settings: Any) -> None:
    since = datetime(2026, 11, 21, tzinfo=UTC)
    assert list(links.offered(1, 2, since, service=False)) == ["acknowledge", "snooze"]
    address = links.offered(1, 2, since, service=True)["check"]
    expected = Link(episode=1, channel=2, action=Action.CHECK, expires=since + links.LIVES)
    assert links.read(address.rstrip("/").rsplit("/", 1)[1]) == expected
    assert len(address) - len(settings.PUBLIC_URL) < 100

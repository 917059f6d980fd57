"""Channels by REST: the checks of the form, secrets that never come out, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.alerts.channels import config
from lifecycle.models import AlertRule, Channel, Delivery
from registry.models import AuditEntry
from tests.support.api import Api
from tests.support.fleet import make_rule

pytestmark = pytest.mark.django_db
HOOK = {"name": "hook", "kind": "webhook", "settings": {"url": "https://hooks.example.org/in/s3cret-path"}}


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_channel_is_added_paused_changed_tried_and_deleted(api_admin: Api) -> None:
    rule = make_rule()
    made = api_admin.post("channels", HOOK)
    assert made.status_code == 201, made.content
    found = made.json()
    secret = found.pop("secret")
    assert secret.startswith("whsec_")
    assert found["settings"]["url"] == found["settings"]["secret"] == "********"
    assert (found["enabled"], found["kind"], found["summary"]) == (
        True,
        "webhook",
        "https://hooks.example.org/…",
    )
    assert list(rule.channels.values_list("name", flat=True)) == ["hook"]
    path = f"channels/{found['id']}"
    tried = api_admin.post(f"{path}/test", {})
    assert (tried.status_code, tried.json()["state"]) == (202, "queued")
    assert api_admin.post(f"{path}/test", {}).json() == tried.json()
    paused = api_admin.patch(path, {"enabled": False})
    assert paused.json() == found | {"enabled": False}
    assert api_admin.post(f"{path}/test", {}).status_code == 409
    kept = config.unseal(Channel.objects.get().sealed)
    assert (kept.url, kept.secret) == (HOOK["settings"]["url"], secret)  # type: ignore[index]
    everything = api_admin.get("channels").content + api_admin.get(path).content + paused.content
    assert b"s3cret-path" not in everything and secret.encode() not in everything
    assert api_admin.delete(path).status_code == 204
    assert not Channel.objects.exists() and AlertRule.objects.exists()
    assert acts()[-4:] == ["channel.add", "channel.test", "channel.change", "channel.delete"]
    assert secret not in str(list(AuditEntry.objects.values()))


def test_what_is_left_out_empty_or_masked_is_kept(api_admin: Api) -> None:
    body = {
        "name": "push",
        "kind": "gotify",
        "settings": {"url": "https://push.example.org", "token": "Abcdefgh1234"},
    }
    made = api_admin.post("channels", body)
    assert made.status_code == 201, made.content
    path = f"channels/{made.json()['id']}"
    masked = made.json()["settings"]
    changed = api_admin.patch(path, {"name": "pushed", "settings": masked})
    assert (changed.status_code, changed.json()["name"]) == (200, "pushed"), changed.content
    assert config.unseal(Channel.objects.get().sealed).value("token") == "Abcdefgh1234"
    elsewhere = api_admin.patch(path, {"settings": {"url": "https://other.example.org"}})
    assert (elsewhere.status_code, elsewhere.json()["error"]["where"]) == (422, "settings.token")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"name": "x", "kind": "pigeon"}, "kind"),
        ({"name": "", "kind": "console"}, "name"),
        ({"name": "x", "kind": "webhook"}, "settings.url"),
        ({"name": "x", "kind": "webhook", "settings": {"url": "ftp://x"}}, "settings.url"),
        ({"name": "x", "kind": "console", "settings": {"colour": "red"}}, "settings.colour"),
    ],
)
def test_a_wrong_channel_is_refused_and_named(api_admin: Api, body: Any, where: str) -> None:
    answer = api_admin.post("channels", body)
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where), answer.content
    assert not Channel.objects.exists()


def test_an_operator_may_try_a_channel_and_not_change_it(api_operator: Api, log_channel: Channel) -> None:
    path = f"channels/{log_channel.pk}"
    assert api_operator.post("channels", HOOK).status_code == 403
    assert api_operator.patch(path, {"enabled": False}).status_code == 403
    assert api_operator.delete(path).status_code == 403
    assert api_operator.post(f"{path}/test", {}).status_code == 202
    assert Delivery.objects.get().kind == "test"
    assert api_operator.get("channels/999").status_code == 404

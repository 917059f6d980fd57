"""Access that ends soon and that nothing renews is told of: sign-ins by their service, API tokens by name."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from lifecycle.alerts.episodes import measured
from lifecycle.alerts.episodes.subjects import follow
from lifecycle.models import AlertRule, Channel, Episode, ServiceSignIn
from registry.models import ApiToken, Role
from tests.support.api import user_of
from tests.support.fleet import Fleet, at, make_rule, sent

DAY = 24 * 3600


def access_rule(*channels: Channel, **fields: Any) -> AlertRule:
    return make_rule(*channels, condition="access-expires", states=[], threshold=14.0, **fields)


def sign_in(fleet: Fleet, name: str, **fields: Any) -> None:
    values = {"tokens": "sealed", "expires_at": at(2 * DAY), "renews": False}
    ServiceSignIn.objects.create(service=fleet.service(name), **values | fields)


def robot_of() -> User:
    return User.objects.filter(username="viewer").first() or user_of(Role.VIEWER)


def token(name: str, days: float, **fields: Any) -> ApiToken:
    values: dict[str, Any] = {
        "user": robot_of(),
        "role": "viewer",
        "digest": name,
        "hint": "mcps_ab",
    }
    values |= {"created_at": at(0), "expires_at": at(days * DAY), "last_used_at": at(0)}
    return ApiToken.objects.create(name=name, **values | fields)


def test_a_sign_in_that_nothing_renews_is_told_of(fleet: Fleet, log_channel: Channel) -> None:
    access_rule(log_channel)
    sign_in(fleet, "ends")
    sign_in(fleet, "renews", renews=True)
    sign_in(fleet, "refused", renews=True, problem="consent-gone")
    sign_in(fleet, "machine", grant="client")
    sign_in(fleet, "later", expires_at=at(20 * DAY))
    sign_in(fleet, "signed-out", tokens="")
    measured.follow(at(0))
    assert dict(Episode.objects.values_list("service__name", "summary")) == {
        name: f"{name}: its sign-in expires in 2 d, on 2026-11-23 12:00 UTC" for name in ("ends", "refused")
    }
    ServiceSignIn.objects.filter(service__name="ends").update(expires_at=at(90 * DAY))
    measured.follow(at(30))
    assert Episode.objects.get(service__name="ends").ending == "recovered"


def test_a_token_in_use_is_told_of_once_until_it_is_revoked(fleet: Fleet, log_channel: Channel) -> None:
    access_rule(log_channel)
    robot = token("robot", 3)
    token("unused", 3, last_used_at=None)
    token("revoked", 3, revoked_at=at(0))
    token("later", 30)
    token("long gone", -8)
    follow.follow(at(0))
    follow.follow(at(10))
    row = Episode.objects.get()
    assert (row.subject_kind, row.service, sent()) == ("token", None, ["firing"])
    assert row.subject_name == f"mcps_ab… “robot” of {robot.user.get_username()}"
    assert row.summary == f"Token {row.subject_name}: it expires in 3 d, on 2026-11-24 12:00 UTC"
    ApiToken.objects.filter(pk=robot.pk).update(revoked_at=at(20))
    follow.follow(at(30))
    assert Episode.objects.get().state == "resolved" and sent() == ["firing", "resolved"]


@pytest.mark.parametrize(
    "scope", [{"kind": "services", "values": ["weather"]}, {"kind": "tags", "values": []}]
)
def test_a_rule_on_some_services_is_about_no_token(fleet: Fleet, scope: dict[str, Any]) -> None:
    access_rule(scope=scope)
    token("robot", 3)
    follow.follow(at(0))
    assert not Episode.objects.exists()

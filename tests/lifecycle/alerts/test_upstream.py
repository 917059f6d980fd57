"""A server that its publisher gave up is told of by its service, and the end of that too."""

from __future__ import annotations

from lifecycle.alerts.episodes import measured
from lifecycle.models import Channel, Episode
from registry.models import Service, UpstreamStatus
from tests.support.api import Api
from tests.support.fleet import Fleet, at, make_rule, sent


def came_from(name: str, server: str) -> None:
    entry = {"url": f"https://{name}.example/mcp", "fromRegistry": {"name": server, "version": "1.0"}}
    Service.objects.filter(name=name).update(entry=entry)


def stands(server: str, status: str) -> None:
    given = {"status": status, "looked_at": at(0)}
    UpstreamStatus.objects.update_or_create(name=server, version="1.0", defaults=given)


def test_what_was_given_up_upstream_is_told_and_over_when_it_is_active_again(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="upstream", states=[])
    for name in ("old", "gone", "fine", "unknown"):
        fleet.service(name)
        came_from(name, f"org.example/{name}")
    fleet.service("typed")
    for name, status in (("old", "deprecated"), ("gone", "deleted"), ("fine", "active")):
        stands(f"org.example/{name}", status)
    measured.follow(at(0))
    assert dict(Episode.objects.values_list("service__name", "summary")) == {
        "old": "old: its server org.example/old 1.0 is deprecated upstream",
        "gone": "gone: its server org.example/gone 1.0 is deleted upstream",
    }
    stands("org.example/old", "active")
    measured.follow(at(30))
    assert Episode.objects.get(service__name="old").ending == "recovered"
    assert sent() == ["firing", "firing", "resolved"]


def test_the_rule_can_be_made(api_admin: Api) -> None:
    made = api_admin.post("alert-rules", {"name": "u", "condition": "upstream"})
    assert made.status_code == 201, made.content

"""A webhook in Alertmanager's format is what its receivers expect."""

from __future__ import annotations

import json
from typing import Any

from pytest_django.fixtures import Settings

from lifecycle.alerts.channels.config import Config, new_secret
from lifecycle.alerts.senders.webhook import build
from tests.support.letters import letter

CONFIG = Config(url="https://x.example.org", secret=new_secret(), more={"format": "alertmanager"})


def sent(kind: str = "firing", **data: Any) -> dict[str, Any]:
    (call,) = build(letter(CONFIG, kind, **data))
    found: dict[str, Any] = json.loads(call.body)
    return found


def test_a_beginning_has_all_that_version_4_has(settings: Settings) -> None:
    settings.PUBLIC_URL = "http://console.example.org:8000"
    body = sent()
    (alert,) = body.pop("alerts")
    fingerprint = alert.pop("fingerprint")
    labels = {
        "alertname": "Service down",
        "severity": "critical",
        "level": "ERROR",
        "service": "weather",
        "episode": "7",
    }
    notes = {
        "summary": "weather is RECONNECTING: <b>refused</b>",
        "description": "<b>refused</b> & réseau",
        "state": "RECONNECTING",
    }
    assert body == {
        "version": "4",
        "groupKey": '{}:{alertname="Service down"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "mcpstore",
        "groupLabels": {"alertname": "Service down"},
        "commonLabels": labels,
        "commonAnnotations": notes,
        "externalURL": "http://console.example.org:8000",
    }
    assert alert == {
        "status": "firing",
        "labels": labels,
        "annotations": notes,
        "startsAt": "2026-11-21T12:00:00.000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://console.example.org:8000/services/weather/",
    }
    assert len(fingerprint) == 16 and int(fingerprint, 16)


def test_an_end_is_known_by_the_labels_of_its_beginning() -> None:
    begin, end = sent(), sent("resolved")
    assert end["status"] == end["alerts"][0]["status"] == "resolved"
    assert end["alerts"][0]["endsAt"] == "2026-11-21T12:03:00.000Z"
    assert end["alerts"][0]["labels"] == begin["alerts"][0]["labels"]
    assert (
        end["alerts"][0]["fingerprint"]
        == begin["alerts"][0]["fingerprint"]
        != sent(episode=8)["alerts"][0]["fingerprint"]
    )


def test_members_of_one_message_are_alerts_of_their_own() -> None:
    members = [
        {"service": name, "episode": n, "message": f"{name} is down"} for n, name in enumerate("ab", 1)
    ]
    body = sent(service=None, members=members)
    assert [alert["labels"]["service"] for alert in body["alerts"]] == ["a", "b"]
    assert [alert["labels"]["episode"] for alert in body["alerts"]] == ["1", "2"]
    assert body["commonLabels"] == {"alertname": "Service down", "severity": "critical", "level": "ERROR"}


def test_a_test_is_ended_at_once_under_an_id_of_its_own() -> None:
    first, second = build(letter(CONFIG, "test"))
    begin, end = json.loads(first.body), json.loads(second.body)
    assert (begin["status"], end["status"]) == ("firing", "resolved")
    assert begin["alerts"][0]["fingerprint"] == end["alerts"][0]["fingerprint"]
    assert end["alerts"][0]["endsAt"] == "2026-11-21T12:00:00.000Z"
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    assert len(build(letter(Config(url="https://x", secret=new_secret()), "test"))) == 1


def test_without_the_choice_the_body_is_our_own() -> None:
    own = letter(Config(url="https://x.example.org", secret=new_secret()))
    assert json.loads(build(own)[0].body) == own.payload

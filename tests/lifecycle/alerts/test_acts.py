"""What a person does in a running worker raises no alert, and ends one by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from lifecycle.models import AlertRule, Channel, Delivery, Episode
from tests.support.bench import HASTY, Bench

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    # It does not come back by itself while the test looks.
    bench = Bench(tmp_path, replace(HASTY, max_reconnect_attempts=1, base_delay=HOUR, max_delay=HOUR))
    bench.start()
    yield bench
    bench.close()


def a_rule(**fields: object) -> None:
    values = {"condition": "state-entered", "states": ["RECONNECTING", "UNREACHABLE", "INITIALIZING"]}
    rule = AlertRule.objects.create(name="down", created_at=timezone.now(), **{**values, **fields})
    rule.channels.add(Channel.objects.create(name="log", kind="console", created_at=timezone.now()))


def said(kind: str) -> list[str]:
    rows = Delivery.objects.filter(kind=kind).order_by("pk")
    return [row.payload["data"]["message"] for row in rows]


@pytest.mark.parametrize("act", ["reconnect", "restart"])
def test_what_is_asked_of_a_sound_service_raises_nothing_even_where_a_rule_tells_at_once(
    bench: Bench, act: str
) -> None:
    server = bench.server()
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    a_rule(for_seconds=0)
    bench.ask(act, "web")
    bench.until_state("web", "HEALTHY")
    assert len(bench.trail("web")) > 2
    assert not Episode.objects.filter(fired_at__isnull=False).exists()
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize(
    ("act", "end"), [("restart", ": restarted by ann"), ("reconnect", ": reconnected by ann")]
)
def test_an_alert_that_somebody_ended_by_a_command_says_so(bench: Bench, act: str, end: str) -> None:
    server = bench.server()
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    a_rule(for_seconds=0)
    bench.call(server.stop())
    bench.until_state("web", "UNREACHABLE")
    assert len(said("firing")) == 1
    bench.call(server.start())
    bench.ask(act, "web")
    (told,) = said("resolved")
    assert told.startswith("web serves again after") and told.endswith(end)
    assert len(said("firing")) == 1


def test_an_alert_that_a_stop_ended_says_so(bench: Bench) -> None:
    server = bench.server()
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    a_rule(for_seconds=0)
    bench.call(server.stop())
    bench.until_state("web", "UNREACHABLE")
    bench.ask("stop", "web")
    (told,) = said("resolved")
    assert told.startswith("web was stopped by ann, ")

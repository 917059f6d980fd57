"""A services list as full as on a busy day: what it weighs, asks and holds."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring.local_days import beginning
from lifecycle.models import AlertRule, Episode, ListFigures
from registry.agents import operations as agent_operations
from registry.models import Service
from tests.support.pages import make_change, make_checks, make_service, make_worker, text_of

URL = "/services/"


def make_figures(service: Service, levels: list[int], responses: list[int]) -> None:
    make_checks(service, levels)
    today = beginning(timezone.now().timestamp(), settings.SHOWN_TIME_ZONE)
    ListFigures.objects.create(
        service=service,
        until=today,
        serving_s=5e6 + service.pk,
        down_s=3e3,
        response=" ".join(str(ms) if ms else "-" for ms in responses),
    )
    for after in (State.HEALTHY, State.RECONNECTING):
        make_change(service, after)


def fill_a_page() -> None:
    """As on a busy day: bars of many colours, an outage each, hours without an answer."""
    for n in range(50):
        make_figures(
            make_service(
                f"a-service-with-a-rather-long-name-{n:02}",
                State.RECONNECTING,
                endpoint="npx -y @modelcontextprotocol/server-filesystem /srv/shared/documents",
                error_kind="refused",
                error_message="refused",
            ),
            [(n * 7 + k * k // 4) % 4 for k in range(120)],
            [(n * 31 + k * k * 7) % 90 * 11 for k in range(24)],
        )
    make_worker()
    rule = AlertRule.objects.first() or AlertRule.objects.create(name="r", created_at="2026-11-21T00:00Z")
    for service in Service.objects.all()[:3]:
        Episode.objects.create(rule=rule, service=service, state="firing", opened_at=service.created_at)


def test_a_full_page_takes_eight_queries_at_most(viewer: Client, django_assert_max_num_queries: Any) -> None:
    fill_a_page()
    agent_operations.add("reader", [], by="ann", now=timezone.now())
    with django_assert_max_num_queries(8):
        page = text_of(viewer.get(URL, {"q": "name", "agent": "global_agent_store", "sort": "failing"}))
    assert len(re.findall("<tr id=", page)) == 50
    assert re.search(r'id="alert-badge" class="badge"[^>]*>3<', page)


def test_a_full_page_is_at_most_sixty_kilobytes(operator: Client) -> None:
    fill_a_page()
    assert len(operator.get(URL).content) <= 60_000


def test_no_inline_script_or_style(operator: Client) -> None:
    fill_a_page()
    page = text_of(operator.get(URL))
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)

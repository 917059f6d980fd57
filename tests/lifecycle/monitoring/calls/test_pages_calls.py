"""The page of a service's tool calls."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import Command, ToolCall
from lifecycle.monitoring.calls.record import record
from lifecycle.operations import commands as operation_commands
from registry.models import Service
from tests.support.pages import HTMX, make_service, make_tool, text_of

pytestmark = pytest.mark.django_db
URL = "/services/weather/calls/"


def made(service: Service, tool: str = "forecast", outcome: dict[str, object] | None = None) -> ToolCall:
    given = {"tool": tool, "arguments": {"city": "Bern", "token": "t-1"}}
    now = timezone.now()
    command = operation_commands.request(
        "call-tool", service.name, by="ann", now=now, arguments=given, origin="python"
    )
    answer = {"ok": True, "content": [{"type": "text", "text": "7 degrees"}], "duration_ms": 12.0}
    answer = answer if outcome is None else outcome
    Command.objects.filter(pk=command.pk).update(
        state="done", outcome=operation_commands.sealed_outcome(answer), finished_at=now
    )
    record(command, answer, "", now - timedelta(seconds=5))
    return ToolCall.objects.latest("id")


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_each_tool_has_figures_and_each_call_a_line(operator: Client) -> None:
    service = make_service()
    make_tool(service)
    made(service)
    made(service, outcome={"ok": False, "content": [], "error": "no such city", "duration_ms": 7000.0})
    html = text_of(operator.get(URL))
    assert "forecast Calls 2 Failed 1 (50 %) Slow 1" in words(html)
    assert "Tool error forecast Took 7 s" in words(html)
    assert "ann Python" in words(html)
    assert html.count("<details><summary class=") == 2
    assert "Bern" not in html
    assert 'href="/services/weather/calls/"' in text_of(operator.get("/services/weather/"))


def test_a_line_opens_arguments_and_answer_for_operators(operator: Client, viewer: Client) -> None:
    row = made(make_service())
    place = f"{URL}of/{row.pk}/"
    html = text_of(operator.get(place, headers=HTMX))
    assert "Bern" in html and "7 degrees" in html and "t-1" not in html
    assert operator.get(place).headers["Location"] == f"{URL}{row.command_id}/"
    ToolCall.objects.update(command=None)
    assert "has been deleted" in text_of(operator.get(place, headers=HTMX))
    assert operator.get(place).headers["Location"] == URL
    assert operator.get(f"{URL}of/99/").status_code == 404
    assert viewer.get(place).status_code == 403
    seen = text_of(viewer.get(URL))
    assert "forecast" in seen and "<details><summary class=" not in seen


def test_the_error_of_a_call_without_an_answer_is_shown(operator: Client) -> None:
    service = make_service()
    command = operation_commands.request(
        "call-tool", "weather", by="ann", now=timezone.now(), arguments={"tool": "x", "arguments": {}}
    )
    record(command, None, "it is <gone>", timezone.now())
    row = ToolCall.objects.get(service=service)
    assert "it is &lt;gone&gt;" in text_of(operator.get(f"{URL}of/{row.pk}/", headers=HTMX))


def test_lines_are_filtered_and_paged(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifecycle.monitoring.calls.presenter.PAGE_SIZE", 2)
    service = make_service()
    rows = [made(service, tool) for tool in ("a", "b", "a")]
    html = text_of(operator.get(URL, {"tool": "a"}))
    assert html.count("<details><summary class=") == 2
    assert '<option value="a" selected>' in html
    first = text_of(operator.get(URL))
    assert f"before={rows[1].pk}" in first
    assert "Newest" not in first
    older = text_of(operator.get(URL, {"before": rows[1].pk}))
    assert older.count("<details><summary class=") == 1 and "Newest" in older
    assert "No calls match" in text_of(operator.get(URL, {"outcome": "timeout"}))
    for odd in ({"before": "x"}, {"outcome": "\0"}, {"tool": "\0a"}, {"before": "9" * 40}):
        assert operator.get(URL, odd).status_code == 200


def test_without_calls_it_says_where_they_come_from(viewer: Client) -> None:
    make_service()
    assert "the REST API and Python appear here" in text_of(viewer.get(URL))
    assert viewer.post(URL).status_code == 405
    assert viewer.get("/services/none/calls/").status_code == 404
    assert Client().get(URL).headers["Location"].startswith("/login/?next=")

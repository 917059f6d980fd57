"""An answer shown as what it is, and its parts as files."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from lifecycle.tools.answers import tree
from registry.models import Service
from tests.support.pages import HTMX, make_service, make_tool, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
SOUND = base64.b64encode(b"RIFF....WAVE").decode()
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def call(service: Service, *content: Any, structured: Any = None, ok: bool = True) -> Command:
    now = timezone.now()
    command = operation_commands.request(
        "call-tool", service.name, by="ann", now=now, arguments={"tool": "forecast", "arguments": {}}
    )
    outcome = {"ok": ok, "content": list(content), "structured": structured, "duration_ms": 41.0, "error": ""}
    command.outcome = operation_commands.sealed_outcome(outcome)
    command.state, command.finished_at = Command.State.DONE, now
    command.save()
    return command


def shown(client: Client, command: Command) -> str:
    return text_of(client.get(f"/services/weather/calls/{command.pk}/", headers=HTMX))


@pytest.fixture
def service(db: None) -> Service:
    service = make_service()
    make_tool(service, output_schema=SCHEMA)
    return service


def test_markdown_and_html_stay_text(operator: Client, service: Service) -> None:
    page = shown(operator, call(service, {"type": "text", "text": "# Title\n<b>bold</b>"}))
    assert "# Title\n&lt;b&gt;bold&lt;/b&gt;" in page
    assert "41 ms" in page


def test_a_text_of_json_is_a_tree(operator: Client, service: Service) -> None:
    page = shown(operator, call(service, {"type": "text", "text": '{"city": ["Oslo"]}'}))
    assert '<span class="key">city</span>' in page
    assert "&quot;Oslo&quot;" in page


def test_a_sound_can_be_played_and_is_served_as_such(operator: Client, service: Service) -> None:
    command = call(service, {"type": "audio", "mimeType": "audio/wav", "data": SOUND})
    address = f"/services/weather/calls/{command.pk}/0/"
    assert f'<audio controls preload="none" src="{address}">' in shown(operator, command)
    answer = operator.get(address)
    assert (answer["Content-Type"], answer.content) == ("audio/wav", b"RIFF....WAVE")


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "application/pdf"])
def test_what_could_run_in_the_browser_is_only_kept(operator: Client, service: Service, mime: str) -> None:
    held = {"uri": "file:///a", "mimeType": mime, "blob": base64.b64encode(b"<script>").decode()}
    command = call(
        service, {"type": "resource", "resource": held}, {"type": "image", "mimeType": mime, "data": "AAAA"}
    )
    assert "<img" not in shown(operator, command)
    for part in (0, 1):
        answer = operator.get(f"/services/weather/calls/{command.pk}/{part}/")
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")


def test_a_resource_link_is_told_and_not_linked(operator: Client, service: Service) -> None:
    link = {"type": "resource_link", "uri": "https://example.org/r.pdf", "name": "report", "size": 2048}
    page = shown(operator, call(service, link))
    assert "report" in page and "https://example.org/r.pdf" in page and "2 kB" in page.replace("2.0", "2")
    assert 'href="https://example.org' not in page


def test_structured_content_is_held_against_the_output_schema(operator: Client, service: Service) -> None:
    assert "Matches the output schema" in shown(operator, call(service, structured={"n": 1}))
    page = shown(operator, call(service, structured={"n": "one"}))
    assert "does not match the tool's output schema" in page.replace("&#x27;", "'")
    assert "n: This must be a whole number." in page
    assert "returned no structured result" in shown(operator, call(service))
    assert "output schema" not in shown(operator, call(service, ok=False))


def test_a_text_that_repeats_the_structured_content_is_shown_once(operator: Client, service: Service) -> None:
    page = shown(operator, call(service, {"type": "text", "text": '{"n": 1}'}, structured={"n": 1}))
    assert page.count('<span class="key">n</span>') == 1


def test_the_whole_answer_is_a_file(operator: Client, service: Service) -> None:
    command = call(service, {"type": "text", "text": "sunny"})
    answer = operator.get(f"/services/weather/calls/{command.pk}/answer.json")
    assert answer.json()["content"] == [{"type": "text", "text": "sunny"}]
    assert "attachment" in answer["Content-Disposition"]


def test_parts_are_for_operators_and_must_be_there(
    viewer: Client, operator: Client, service: Service
) -> None:
    command = call(service, {"type": "audio", "mimeType": "audio/wav", "data": "no base64"})
    for path in ("0/", "answer.json"):
        assert viewer.get(f"/services/weather/calls/{command.pk}/{path}").status_code == 403
    for part in (0, 1):
        assert operator.get(f"/services/weather/calls/{command.pk}/{part}/").status_code == 404


def test_a_tree_has_an_end() -> None:
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    assert tree.tree(deep).inner
    wide = tree.tree({"a": list(range(10_000)), "b": 1})
    assert sum(branch.left_out for branch in [wide, *wide.inner]) > 8_000

"""Asking the worker: buttons, tool calls, and how their outcome comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from registry.models import Service
from tests.support.pages import HTMX, make_service, make_tool, text_of

URL = "/services/weather/"
pytestmark = pytest.mark.django_db(transaction=True)


def finish(state: str = "done", error: str = "", outcome: dict[str, Any] | None = None) -> Command:
    command = Command.objects.latest("id")
    command.state, command.error, command.finished_at = state, error, timezone.now()
    command.outcome = operation_commands.sealed_outcome(outcome) if outcome else ""
    command.save()
    return command


def test_signed_out_is_sent_to_sign_in() -> None:
    make_service()
    for path in ("ask/stop/", "tools/call/"):
        assert Client().post(URL + path).headers["Location"].startswith("/login/?next=")


def test_a_viewer_may_not_ask_for_anything(viewer: Client) -> None:
    make_service()
    for path in ("ask/stop/", "tools/call/", "remove/"):
        answer = viewer.post(URL + path)
        assert answer.status_code == 403
        assert "This requires the role Operator. Your role is Viewer." in text_of(answer)
    assert viewer.post(URL + "ask/stop/", headers=HTMX).headers["HX-Retarget"] == "#messages"
    assert not Command.objects.exists()


def test_asking_takes_a_post(operator: Client) -> None:
    make_service()
    assert operator.get(URL + "ask/stop/").status_code == 405
    assert operator.get(URL + "tools/call/").status_code == 405


@pytest.mark.parametrize("path", ["services/none/ask/stop/", "services/weather/ask/explode/"])
def test_what_is_not_there_is_not_found(operator: Client, path: str) -> None:
    make_service()
    assert operator.post(f"/{path}").status_code == 404


@pytest.mark.parametrize("kind", ["call-tool", "set-state"])
def test_only_the_buttons_kinds_can_be_asked_for(operator: Client, kind: str) -> None:
    make_service()
    assert operator.post(f"{URL}ask/{kind}/").status_code == 404


def test_htmx_gets_the_head_that_says_what_was_asked(operator: Client) -> None:
    make_service()
    answer = operator.post(URL + "ask/restart/", headers=HTMX)
    page = text_of(answer)
    command = Command.objects.get()
    assert (command.kind, command.requested_by) == ("restart", "operator-1")
    assert "Requested: restart, by operator-1" in page
    assert f'id="command-{command.pk}"' in page
    assert 'id="service-head-' in page
    assert "<html" not in page


def test_without_scripts_the_page_comes_back_with_a_message(operator: Client) -> None:
    make_service()
    answer = operator.post(URL + "ask/check/", follow=True)
    assert answer.redirect_chain == [(URL, 302)]
    assert "Requested: check now" in text_of(answer)


def test_force_stop_is_asked_for_by_its_own_field(operator: Client) -> None:
    make_service()
    operator.post(URL + "ask/stop/", {"force": "1"})
    assert Command.objects.get().force
    assert Service.objects.get().desired == "stopped"


def test_what_cannot_be_done_now_is_a_conflict_in_words(operator: Client) -> None:
    make_service(state=State.DISCONNECTED)
    answer = operator.post(URL + "ask/check/", headers=HTMX)
    assert answer.status_code == 409
    assert "weather is stopped; start it first" in text_of(answer)
    plain = operator.post(URL + "ask/check/", follow=True)
    assert "weather is stopped; start it first" in text_of(plain)
    assert not Command.objects.exists()


def test_the_line_about_a_command_follows_it_to_its_end(operator: Client) -> None:
    make_service()
    operator.post(URL + "ask/restart/", headers=HTMX)
    address = f"{URL}commands/{Command.objects.get().pk}/"
    assert "hx-trigger" in text_of(operator.get(address))
    finish("failed", "the worker stopped")
    line = text_of(operator.get(address))
    assert "Failed: restart. the worker stopped" in line
    assert "hx-trigger" not in line


def test_a_command_of_another_service_is_not_shown(operator: Client) -> None:
    make_service()
    make_service("other")
    operator.post("/services/other/ask/check/")
    other = Command.objects.get()
    assert operator.get(f"{URL}commands/{other.pk}/").status_code == 404


def call(client: Client, arguments: str = '{"city": "Oslo"}', tool: str = "forecast", **more: Any) -> Any:
    return client.post(URL + "tools/call/", {"tool": tool, "arguments": arguments}, **more)


def test_a_call_waits_in_the_page_and_then_shows_its_outcome(operator: Client) -> None:
    make_tool(make_service())
    waiting = text_of(call(operator, headers=HTMX))
    command = Command.objects.get()
    address = f"{URL}calls/{command.pk}/"
    assert f'hx-get="{address}"' in waiting
    assert operation_commands.arguments_of(command) == {"tool": "forecast", "arguments": {"city": "Oslo"}}
    finish(
        outcome={
            "ok": True,
            "content": [
                {"type": "text", "text": "Rain & <b>wind</b>"},
                {"type": "image", "mimeType": "image/png", "data": "QUJD"},
                {"type": "image", "mimeType": "image/svg+xml", "data": "QUJD"},
            ],
            "structured": {"degrees": 4},
            "duration_ms": 1234,
            "error": "",
        }
    )
    shown = text_of(operator.get(address, headers=HTMX))
    assert "Rain &amp; &lt;b&gt;wind&lt;/b&gt;" in shown
    assert 'src="data:image/png;base64,QUJD"' in shown
    assert "data:image/svg" not in shown
    assert '<span class="key">degrees</span>: <span class="v-integer">4</span>' in shown
    assert "1.2 s" in shown
    assert "hx-get" not in shown
    assert "<html" in text_of(operator.get(address))


def test_a_call_that_failed_says_why(operator: Client) -> None:
    make_tool(make_service())
    call(operator)
    command = finish("failed", "no answer within 30 s")
    assert "no answer within 30 s" in text_of(operator.get(f"{URL}calls/{command.pk}/", headers=HTMX))


@pytest.mark.parametrize("arguments", ["{", "[1]", "7", "[" * 100_000])
def test_arguments_that_are_no_object_are_refused_in_words(operator: Client, arguments: str) -> None:
    make_tool(make_service())
    answer = call(operator, arguments, headers=HTMX)
    assert answer.status_code == 422
    assert "The arguments" in text_of(answer)
    assert not Command.objects.exists()


def test_calling_a_tool_of_a_stopped_service_is_a_conflict(operator: Client) -> None:
    make_tool(make_service(state=State.DISCONNECTED))
    assert call(operator, headers=HTMX).status_code == 409
    assert "start it first" in text_of(call(operator, follow=True))


def test_a_tool_that_is_not_offered_is_not_found(operator: Client) -> None:
    make_service()
    assert call(operator).status_code == 404


def test_an_outcome_is_for_those_who_may_call(operator: Client, viewer: Client) -> None:
    make_tool(make_service())
    call(operator)
    command = finish(outcome={"ok": True, "content": []})
    assert viewer.get(f"{URL}calls/{command.pk}/").status_code == 403


def test_a_secret_in_an_outcome_is_masked(admin: Client) -> None:
    doc = {"mcpServers": {"weather": {"url": "https://w.example/mcp", "headers": {"X-Key": 'se"cret-9'}}}}
    admin.post("/import/", {"text": json.dumps(doc)})
    from registry.models import Role
    from registry.services import register

    register.register(doc, by="admin", role=Role.ADMIN, now=timezone.now())
    make_tool(Service.objects.get())
    call(admin)
    command = finish(outcome={"ok": True, "content": [{"type": "text", "text": 'got se"cret-9 back'}]})
    page = text_of(admin.get(f"{URL}calls/{command.pk}/"))
    assert "cret-9" not in page
    assert "••••••" in page


def test_csrf_is_checked(operator: Client) -> None:
    make_service()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    answer = strict.post(URL + "ask/stop/")
    assert answer.status_code == 403
    assert "This form is out of date" in text_of(answer)


def test_a_page_from_before_signing_in_is_told_so_beside_what_it_shows(operator: Client) -> None:
    make_service()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    answer = strict.post(URL + "ask/stop/", headers={**HTMX, "X-CSRFToken": "a" * 64})
    assert (answer.status_code, answer["HX-Retarget"]) == (403, "#messages")
    assert "Nothing was changed: try again." in text_of(answer)
    assert answer.headers["HX-Trigger"] == "stale-token"
    assert "<html" not in text_of(answer)
    assert "out of date" in text_of(strict.post(URL + "ask/stop/"))

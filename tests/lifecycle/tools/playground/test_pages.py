"""The playground's pages: brought for operators, kept in step, and a call that does not fit is sent back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import Command, ToolCall
from lifecycle.monitoring.calls import record
from lifecycle.operations import commands as operation_commands
from registry.models import Service, Tool
from tests.support.forms import Controls
from tests.support.pages import HTMX, make_service, make_tool, text_of
from tests.support.tool_schemas import STRING, of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
URL = "/services/weather/tools/"
SCHEMA = of("city", city=STRING, days={"type": "integer", "minimum": 1, "default": 3})


@pytest.fixture
def tool(db: None) -> Tool:
    return make_tool(make_service(), input_schema=SCHEMA)


def opened(client: Client) -> dict[str, str]:
    return Controls(text_of(client.get(URL + "try/", {"tool": "forecast"}, headers=HTMX))).sent


def test_the_form_is_brought_with_a_draft(operator: Client, tool: Tool) -> None:
    sent = opened(operator)
    assert (sent["tool"], sent["f-s/city"], sent["f-n/days"]) == ("forecast", "", "3")
    assert json.loads(sent["arguments"]) == {"city": "", "days": 3}


def test_it_is_for_operators_and_for_tools_that_are_there(
    viewer: Client, operator: Client, tool: Tool
) -> None:
    assert viewer.get(URL + "try/", {"tool": "forecast"}).status_code == 403
    assert viewer.post(URL + "form/", {"tool": "forecast"}).status_code == 403
    for name in ("nothing", "a\0b"):
        assert operator.get(URL + "try/", {"tool": name}, headers=HTMX).status_code == 404
        assert operator.post(URL + "form/", {"tool": name}, headers=HTMX).status_code == 404
    assert (
        operator.get(URL + "try/", {"tool": "forecast"})
        .headers["Location"]
        .startswith("/services/weather/?t=")
    )


def post(client: Client, path: str, sent: dict[str, str]) -> Any:
    return client.post(URL + path, sent, headers=HTMX)


def test_what_is_typed_into_the_form_stands_in_the_json(operator: Client, tool: Tool) -> None:
    answer = post(operator, "form/", opened(operator) | {"f-s/city": "Oslo", "f-n/days": "0"})
    assert answer["HX-Retarget"] == f"#pg{tool.pk}-json"
    page = text_of(answer)
    assert json.loads(Controls(page).sent["arguments"]) == {"city": "Oslo", "days": 0}
    assert "This must be at least 1." in page
    assert 'hx-swap-oob="true"' in page


def test_where_the_answer_goes_is_said_only_to_whom_expects_it_elsewhere(
    operator: Client, tool: Tool
) -> None:
    sent = opened(operator) | {"f-s/city": "Oslo"}
    asked = HTMX | {"HX-Target": f"pg{tool.pk}-json"}
    assert "HX-Retarget" not in operator.post(f"{URL}form/", sent, headers=asked)
    asked = HTMX | {"HX-Target": f"pg{tool.pk}-form"}
    assert operator.post(f"{URL}form/", sent, headers=asked)["HX-Retarget"] == f"#pg{tool.pk}-json"


def test_what_is_typed_as_json_stands_in_the_form(operator: Client, tool: Tool) -> None:
    answer = post(operator, "form/", opened(operator) | {"arguments": '{"city": "Bern", "more": 1}'})
    assert answer["HX-Retarget"] == f"#pg{tool.pk}-form"
    sent = Controls(text_of(answer)).sent
    assert sent["f-s/city"] == "Bern"
    assert "arguments" not in sent, "what somebody types into is not renewed under their hands"


def test_json_that_is_none_changes_nothing_and_is_told(operator: Client, tool: Tool) -> None:
    before = opened(operator)
    answer = post(operator, "form/", before | {"arguments": '{"city": '})
    assert answer["HX-Retarget"] == f"#pg{tool.pk}-state"
    assert "The arguments are not valid JSON (line 1" in text_of(answer)
    assert Controls(text_of(answer)).sent["shown"] == before["shown"]


def test_the_form_is_called_as_it_stands(operator: Client, tool: Tool) -> None:
    answer = post(operator, "call/", opened(operator) | {"f-s/city": "Oslo"})
    assert answer.status_code == 200
    given = operation_commands.arguments_of(Command.objects.get())
    assert given == {"tool": "forecast", "arguments": {"city": "Oslo", "days": 3}}


def test_a_call_that_does_not_fit_comes_back_with_its_problems_unless_one_insists(
    operator: Client, tool: Tool
) -> None:
    wrong = opened(operator) | {"f-n/days": "many"}
    answer = post(operator, "call/", wrong)
    assert (answer.status_code, answer["HX-Retarget"]) == (422, f"#pg{tool.pk}-form")
    assert "This must be a whole number." in text_of(answer)
    assert Controls(text_of(answer)).sent["f-n/days"] == "many"
    assert not Command.objects.exists()
    assert post(operator, "call/", wrong | {"anyway": "1"}).status_code == 200
    assert operation_commands.arguments_of(Command.objects.get())["arguments"]["days"] == "many"


def ended(service: Service, tool: str, arguments: dict[str, Any]) -> ToolCall:
    now = timezone.now()
    given = {"tool": tool, "arguments": arguments}
    command = operation_commands.request("call-tool", service.name, by="ann", now=now, arguments=given)
    record.record(command, {"ok": True, "duration_ms": 5}, "", now)
    return ToolCall.objects.latest("id")


def test_an_earlier_call_fills_the_form_without_its_secrets(operator: Client, tool: Tool) -> None:
    tool.input_schema = of("city", city=STRING, api_key=STRING)
    tool.save()
    row = ended(tool.service, "forecast", {"city": "Oslo", "api_key": "kJ8-secret-99x"})
    history = text_of(operator.get(URL + "history/", {"tool": "forecast"}, headers=HTMX))
    assert f"again={row.pk}" in history and "ann" in history
    page = text_of(operator.get(URL + "try/", {"tool": "forecast", "again": str(row.pk)}, headers=HTMX))
    sent = Controls(page).sent
    assert (sent["f-s/city"], sent["f-t/api_key"]) == ("Oslo", "")
    assert "enter them again" in page
    assert "kJ8-secret-99x" not in page


@pytest.mark.parametrize("again", ["", "x", "999", "-1", "9" * 30])
def test_a_call_that_is_not_there_leaves_the_draft(operator: Client, tool: Tool, again: str) -> None:
    page = text_of(operator.get(URL + "try/", {"tool": "forecast", "again": again}, headers=HTMX))
    assert Controls(page).sent["f-n/days"] == "3"


def test_a_call_of_another_tool_or_service_is_not_used(operator: Client, tool: Tool) -> None:
    other = make_tool(make_service("other"), input_schema=SCHEMA)
    row = ended(other.service, "forecast", {"city": "Bern"})
    page = text_of(operator.get(URL + "try/", {"tool": "forecast", "again": str(row.pk)}, headers=HTMX))
    assert Controls(page).sent["f-s/city"] == ""
    assert f"again={row.pk}" not in text_of(operator.get(URL + "history/", {"tool": "forecast"}))


def test_a_call_is_copied_as_it_stands_without_secrets(operator: Client, tool: Tool) -> None:
    tool.input_schema = of("city", city=STRING, password=STRING)
    tool.save()
    sent = opened(operator) | {"f-s/city": "Oslo", "f-t/password": "hunter2-hunter2"}
    for way, said in (("curl", "curl -sS"), ("python", "await client.call_tool(")):
        page = text_of(post(operator, "snippet/", sent | {"way": way}))
        assert said in page and "Oslo" in page and "PASSWORD" in page
        assert "hunter2" not in page
    assert post(operator, "snippet/", sent | {"way": "perl"}).status_code == 404

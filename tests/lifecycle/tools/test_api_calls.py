"""Calling a tool through REST."""

from __future__ import annotations

import pytest

from lifecycle.models import Command
from lifecycle.operations import api as operation_api
from lifecycle.operations import commands as operation_commands
from registry.models import Role
from tests.support.api import Api, MakeService, api_of, worker_that

CALL = "services/weather/tools/{}/call"
DONE = {
    "ok": True,
    "content": [{"type": "text", "text": "3"}],
    "structured": {"result": 3},
    "duration_ms": 12.5,
    "error": "",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tool", ["add", "a/b", "Größe ändern?"])
def test_a_call_gives_what_the_tool_gave(tool: str, registered_service: MakeService) -> None:
    registered_service(state="HEALTHY", tools=(tool,))
    seen = []

    def answer(command: Command) -> dict[str, object]:
        seen.append(operation_commands.arguments_of(command))
        return DONE

    with worker_that(answer):
        got = api_of(Role.OPERATOR).post(
            CALL.format(tool.replace("?", "%3F")), {"arguments": {"a": 1, "b": 2}}
        )
    assert got.status_code == 200
    assert got.json() == {key: value for key, value in DONE.items() if key != "error"}
    assert seen == [{"tool": tool, "arguments": {"a": 1, "b": 2}}]


@pytest.mark.django_db(transaction=True)
def test_a_tools_own_error_is_an_answer(registered_service: MakeService) -> None:
    registered_service(state="HEALTHY", tools=("fail",))
    failed = {"ok": False, "content": [], "structured": None, "duration_ms": 3, "error": "it broke"}
    with worker_that(lambda command: failed):
        got = api_of(Role.OPERATOR).post(CALL.format("fail"))
    assert got.status_code == 200
    assert got.json() == {"ok": False, "content": [], "duration_ms": 3, "error": "it broke"}


@pytest.mark.django_db(transaction=True)
def test_a_call_that_the_worker_could_not_make_says_why(registered_service: MakeService) -> None:
    registered_service(state="RECONNECTING", tools=("add",))
    with worker_that(lambda command: "weather is not connected: connection refused"):
        got = api_of(Role.OPERATOR).post(CALL.format("add")).json()
    assert got == {
        "ok": False, "content": [], "duration_ms": 0, "error": "weather is not connected: connection refused",
    }  # fmt: skip


def test_a_stopped_service_takes_no_call(api_operator: Api, registered_service: MakeService) -> None:
    registered_service(state="DISCONNECTED", tools=("add",))
    answer = api_operator.post(CALL.format("add"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_possible")


def test_a_service_that_never_connected_has_no_tools_yet(
    api_operator: Api, registered_service: MakeService
) -> None:
    registered_service(state="RECONNECTING")
    answer = api_operator.post(CALL.format("add"))
    assert answer.status_code == 409
    assert "not known yet" in answer.json()["error"]["message"]


def test_a_silent_worker_is_a_timeout(
    api_operator: Api, registered_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered_service(state="HEALTHY", tools=("add",), timeout=0.1)
    monkeypatch.setattr(operation_api, "CALL_MARGIN", 0.1)
    answer = api_operator.post(CALL.format("add"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
    assert f"commands/{Command.objects.get().pk}" in answer.json()["error"]["message"]

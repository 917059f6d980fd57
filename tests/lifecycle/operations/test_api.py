"""What an operator asks for, and the answer when somebody waits for it."""

from __future__ import annotations

import time

import pytest

from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from registry.models import Role, Service
from tests.support.api import Api, MakeService, api_of, worker_that

ACTIONS = ["start", "stop", "restart", "check", "reconnect", "refresh-tools"]


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_is_a_command(action: str, api_operator: Api, registered_service: MakeService) -> None:
    registered_service(state="HEALTHY")
    answer = api_operator.post(f"services/weather/{action}")
    assert answer.status_code == 202 and set(answer.json()) == {"command_id"}
    command = Command.objects.get(pk=answer.json()["command_id"])
    assert (command.kind, command.state, command.requested_by) == (action, "queued", "operator")
    found = api_operator.get(f"commands/{command.pk}").json()
    assert (found["id"], found["service"], found["kind"]) == (command.pk, "weather", action)
    assert (found["state"], found["outcome"], found["error"]) == ("queued", None, "")


@pytest.mark.parametrize(("query", "force"), [("", False), ("?force=true", True), ("?force=false", False)])
def test_a_stop_is_graceful_unless_forced(
    query: str, force: bool, api_operator: Api, registered_service: MakeService
) -> None:
    registered_service(state="HEALTHY")
    assert api_operator.post(f"services/weather/stop{query}").status_code == 202
    assert Command.objects.get().force is force
    assert Service.objects.get().desired == "stopped"


@pytest.mark.parametrize("action", ["check", "refresh-tools"])
def test_a_stopped_service_cannot_be_checked(
    action: str, api_operator: Api, registered_service: MakeService
) -> None:
    registered_service(state="DISCONNECTED")
    answer = api_operator.post(f"services/weather/{action}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_possible")
    assert not Command.objects.exists()


def test_an_action_that_there_is_not(api_operator: Api, registered_service: MakeService) -> None:
    registered_service(state="HEALTHY")
    assert api_operator.post("services/weather/call-tool").status_code == 404
    assert api_operator.post("services/weather/explode").status_code == 404
    assert not Command.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_waiting_adds_the_outcome(registered_service: MakeService) -> None:
    registered_service(state="HEALTHY")
    operator = api_of(Role.OPERATOR)
    with worker_that(lambda command: {"state": "HEALTHY"}):
        answer = operator.post("services/weather/restart?wait=10")
    assert answer.status_code == 202
    assert answer.json() == {
        "command_id": Command.objects.get().pk, "state": "done", "outcome": {"state": "HEALTHY"}, "error": "",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_waiting_tells_why_it_failed(registered_service: MakeService) -> None:
    registered_service(state="HEALTHY")
    operator = api_of(Role.OPERATOR)
    with worker_that(lambda command: "the service does not answer"):
        answer = operator.post("services/weather/check?wait=10").json()
    assert (answer["state"], answer["error"]) == ("failed", "the service does not answer")


def test_waiting_ends_with_its_time(api_operator: Api, registered_service: MakeService) -> None:
    registered_service(state="HEALTHY")
    began = time.monotonic()
    answer = api_operator.post("services/weather/check?wait=0.3")
    assert 0.25 < time.monotonic() - began < 3
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


def test_a_state_is_set_along_the_table_and_a_refusal_says_the_moves(
    api_operator: Api, api_viewer: Api, registered_service: MakeService
) -> None:
    registered_service(state="HEALTHY")
    assert api_viewer.post("services/weather/state", {"state": "WARNING"}).status_code == 403
    assert api_operator.post("services/nobody/state", {"state": "WARNING"}).status_code == 404
    assert api_operator.post("services/weather/state", {"state": 3}).status_code == 422
    assert api_operator.post("services/weather/state", {"status": "WARNING"}).status_code == 422
    refused = api_operator.post("services/weather/state", {"state": "UNREACHABLE"})
    assert refused.status_code == 409
    assert "possible: WARNING, RECONNECTING, DISCONNECTING" in refused.json()["error"]["message"]
    answer = api_operator.post("services/weather/state", {"state": "warning"})
    assert answer.status_code == 202
    command = Command.objects.get(pk=answer.json()["command_id"])
    assert operation_commands.arguments_of(command) == {"state": "WARNING"}

"""Setting the state of a service by hand, through the page."""

from __future__ import annotations

from django.test import Client

from lifecycle.core.machine.states import State
from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from registry.models import AuditEntry, Service
from tests.support.pages import make_service, text_of

URL = "/services/weather/state/"


def test_a_visitor_is_sent_to_the_sign_in(client: Client) -> None:
    assert client.get(URL).status_code == 302


def test_a_viewer_may_not(viewer: Client) -> None:
    make_service()
    assert viewer.get(URL).status_code == 403
    assert viewer.post(URL, {"state": "RECONNECTING"}).status_code == 403


def test_another_method_or_an_unknown_service_is_refused(operator: Client) -> None:
    assert operator.put(URL).status_code == 405
    assert operator.get(URL).status_code == 404
    assert operator.post(URL, {"state": "RECONNECTING"}).status_code == 404


def test_it_offers_the_moves_of_the_table_and_no_other(operator: Client) -> None:
    make_service(state=State.UNREACHABLE)
    page = text_of(operator.get(URL))
    offered = [state.value for state in State if f'value="{state.value}"' in page]
    assert offered == ["HEALTHY", "RECONNECTING", "DISCONNECTING", "DISCONNECTED"]
    assert URL in text_of(operator.get("/services/weather/"))


def test_it_asks_the_worker_and_is_audited(operator: Client) -> None:
    make_service()
    assert operator.post(URL, {"state": "RECONNECTING"}).status_code == 302
    command = Command.objects.get()
    assert (command.kind, operation_commands.arguments_of(command)) == (
        "set-state",
        {"state": "RECONNECTING"},
    )
    entry = AuditEntry.objects.latest("id")
    assert (entry.actor, entry.target) == ("operator-1", "weather")
    assert "to RECONNECTING" in entry.detail
    assert Service.objects.get().desired == "running"
    assert "Requested: set the state to Reconnecting" in text_of(operator.get("/services/weather/"))


def test_a_state_of_rest_is_also_what_is_desired_from_then_on(operator: Client) -> None:
    make_service(state=State.UNREACHABLE)
    operator.post(URL, {"state": "DISCONNECTED"})
    assert Service.objects.get().desired == "stopped"


def test_a_refusal_says_which_moves_are_possible(operator: Client) -> None:
    make_service()
    for state in ("UNREACHABLE", "nonsense", ""):
        answer = operator.post(URL, {"state": state})
        assert answer.status_code == 409
        assert "possible: WARNING, RECONNECTING, DISCONNECTING" in text_of(answer)
    assert not Command.objects.exists()

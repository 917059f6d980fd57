"""The card, the callback and the document: who may do what, and what is shown of it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.signin.failures import Failure
from lifecycle.models import Command, ServiceSignIn, ServiceState, SignInFlow
from lifecycle.operations import commands
from lifecycle.signin import presenter
from registry.models import Service
from registry.secrets import vault
from tests.support.pages import make_service

pytestmark = pytest.mark.django_db
STATE = "st4te"
GO = "https://login.example/authorize?state=st4te"


@pytest.fixture
def service(db: None) -> Service:
    """It wants a sign-in."""
    made = make_service("weather", state=State.UNREACHABLE)
    Service.objects.filter(pk=made.pk).update(transport="streamable-http")
    ServiceState.objects.filter(service=made).update(error_kind="auth", error_cause="needs-sign-in")
    return made


def waits(service: Service, by: str, **more: Any) -> SignInFlow:
    """An attempt that has come to the consent."""
    values: dict[str, Any] = {
        "started_by": by,
        "started_at": timezone.now(),
        "redirect_uri": "http://127.0.0.1:8000/oauth/callback",
        "step": "consent",
        "state_digest": hashlib.sha256(STATE.encode()).hexdigest(),
        "pending": vault.seal(json.dumps({"url": GO, "verifier": "v3rifier"})),
        **more,
    }
    return SignInFlow.objects.create(service=service, **values)


def test_the_button_asks_the_worker_and_shows_the_steps(operator: Client, service: Service) -> None:
    page = operator.get("/services/weather/").content.decode()
    assert "Not signed in." in page and 'form="do-signin"' in page
    answer = operator.post("/services/weather/signin/begin/", headers={"HX-Request": "true"})
    assert "Discovery" in answer.content.decode() and "every 1s" in answer.content.decode()
    command = Command.objects.get()
    assert (command.kind, command.requested_by) == ("sign-in", "operator-1")


def test_only_who_began_is_led_on(operator: Client, admin: Client, service: Service) -> None:
    waits(service, "operator-1")
    mine, other = (who.get("/services/weather/").content.decode() for who in (operator, admin))
    assert "Continue to login.example" in mine and GO in mine
    assert GO not in other and "operator-1 started this sign-in" in other
    assert "v3rifier" not in mine


def test_the_answer_comes_back_once_and_to_the_worker(operator: Client, service: Service) -> None:
    waits(service, "operator-1")
    back = f"/oauth/callback?state={STATE}&code=c0de&iss=https://login.example&surprise=x"
    answer = operator.get(back)
    assert (answer.status_code, answer["Location"]) == (302, "/services/weather/")
    (command,) = Command.objects.filter(kind="finish-sign-in")
    assert commands.arguments_of(command) == {"code": "c0de", "iss": "https://login.example"}
    assert "c0de" not in command.arguments
    again = operator.get(back)
    assert again.status_code == 409 and "used already" in again.content.decode()
    assert Command.objects.count() == 1


@pytest.mark.parametrize(
    ("by", "state", "age"),
    [("admin-1", STATE, 0), ("operator-1", "other", 0), ("operator-1", "", 0), ("operator-1", STATE, 61)],
    ids=["begun by another", "another state", "no state", "too late"],
)
def test_an_answer_that_is_not_awaited_does_nothing(
    operator: Client, service: Service, by: str, state: str, age: int
) -> None:
    waits(service, by, started_at=timezone.now() - timedelta(minutes=age))
    answer = operator.get(f"/oauth/callback?state={state}&code=c0de")
    assert answer.status_code == 409 and not Command.objects.exists()


def test_a_finished_attempt_without_a_state_is_nobodys(operator: Client, service: Service) -> None:
    waits(service, "operator-1", state_digest="")
    assert operator.get("/oauth/callback?state=&code=c0de").status_code == 409


def test_viewers_see_and_do_nothing(viewer: Client, service: Service) -> None:
    assert "Not signed in." in viewer.get("/services/weather/").content.decode()
    assert viewer.post("/services/weather/signin/begin/").status_code == 403
    assert viewer.get(f"/oauth/callback?state={STATE}").status_code == 403
    assert 'id="do-signin"' not in viewer.get("/services/weather/").content.decode()


def test_a_service_that_wants_no_sign_in_shows_none(operator: Client) -> None:
    make_service("calm")
    assert "signin-card" in (page := operator.get("/services/calm/").content.decode())
    assert "Not signed in." not in page


@pytest.mark.parametrize("failure", list(Failure))
def test_each_failure_has_a_sentence_of_its_own_and_says_what_to_do(
    operator: Client, service: Service, failure: Failure
) -> None:
    waits(service, "operator-1", failure=failure, said="w0rds of the server", ended_at=timezone.now())
    words, todo = (str(text) for text in presenter.FAILURES[failure])
    page = unescape(operator.get("/services/weather/").content.decode())
    assert words in page and todo in page and "w0rds of the server" in page
    assert sum(str(other[0]) == words for other in presenter.FAILURES.values()) == 1


def test_an_unchanged_card_is_not_sent_again(operator: Client, service: Service) -> None:
    waits(service, "operator-1")
    address, htmx = "/services/weather/signin/", {"HX-Request": "true"}
    first = operator.get(address, headers=htmx).content.decode()
    seen = first.split("?seen=")[1][:16]
    assert operator.get(f"{address}?seen={seen}", headers=htmx).status_code == 204
    SignInFlow.objects.update(step="token")
    assert operator.get(f"{address}?seen={seen}", headers=htmx).status_code == 200


def test_the_client_is_an_admins_and_its_secret_is_never_shown(
    admin: Client, operator: Client, service: Service
) -> None:
    address = "/services/weather/signin/client/"
    assert operator.get(address).status_code == 403
    assert admin.post(address, {"client_id": "us", "secret": "s3cret"}).status_code == 422
    given = {"client_id": "us", "secret": "s3cret", "issuer": "https://i.example", "machine": "on"}
    assert admin.post(address, given).status_code == 302
    row = ServiceSignIn.objects.get()
    assert (row.prior_id, row.grant) == ("us", "client") and "s3cret" not in row.prior
    for page in (admin.get(address), admin.get("/services/weather/")):
        assert "us" in page.content.decode() and "s3cret" not in page.content.decode()


def test_authorization_servers_read_who_we_are(client: Client, settings: Any) -> None:
    assert client.get("/oauth/client.json").status_code == 404
    settings.PUBLIC_URL = "https://mcp.example.org"
    answer = client.get("/oauth/client.json")
    assert answer.json()["client_id"] == "https://mcp.example.org/oauth/client.json"


def test_a_page_says_what_stops_people_from_coming_back(
    operator: Client, service: Service, settings: Any
) -> None:
    settings.PUBLIC_URL = "http://0.0.0.0:8000"
    assert "MCPSTORE_PUBLIC_URL" in operator.get("/services/weather/").content.decode()
    answer = operator.post("/services/weather/signin/begin/", headers={"HX-Request": "true"})
    assert answer.status_code == 409 and not Command.objects.exists()


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ("https://weather.example.internal/mcp", "Signed in."),
        ("https://weather.example.internal", "Signed in."),
        (
            "https://other.example/mcp",
            "Signed in for https://other.example/mcp, which is a different address.",
        ),
    ],
)
def test_a_sign_in_for_another_address_is_told_from_one_that_has_just_come(
    operator: Client, service: Service, resource: str, told: str
) -> None:
    """The state is still that from before the sign-in."""
    ServiceSignIn.objects.create(service=service, resource=resource, tokens=vault.seal("{}"))
    card = operator.get("/services/weather/signin/", headers={"HX-Request": "true"}).content.decode()
    assert f'<p class="what">{told}' in unescape(card)

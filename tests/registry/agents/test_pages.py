"""The pages of agents, and the address of an agent's mcp.json."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry.agents import operations as agent_operations
from registry.agents import tokens as agent_tokens
from registry.models import Agent, Role
from registry.services import register
from tests.support.pages import HTMX, make_service, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def services() -> None:
    make_service("alpha", tags=["prod"])
    make_service("beta")
    make_service("gamma")


@pytest.fixture
def writer() -> Agent:
    return agent_operations.add(
        "writer", ["alpha"], by="ann", now=timezone.now(), description="drafts letters"
    )


def boxes(response: Any) -> tuple[list[str], list[str]]:
    """The ticked and the other boxes of the page."""
    found = re.findall(r'name="services" value="([^"]+)"( checked)?', text_of(response))
    return [name for name, on in found if on], [name for name, on in found if not on]


def test_signed_out_nobody_sees_the_pages(writer: Agent) -> None:
    for path in ("/agents/", "/add-agent/", "/agents/writer/"):
        assert Client().get(path).headers["Location"].startswith("/login/")


def test_the_list_shows_each_agent_with_its_services(viewer: Client, writer: Agent) -> None:
    page = text_of(viewer.get("/agents/"))
    assert re.search(
        r"global_agent_store.*?All: 3 services.*?writer.*?drafts letters.*?1 service<", page, re.S
    )
    assert "Add agent" not in page
    assert 'href="/agents/" aria-current="true"' in page


def test_a_list_without_agents_says_what_to_do(operator: Client) -> None:
    page = text_of(operator.get("/agents/"))
    assert "No agents of your own yet" in page
    assert "Add agent" in page


def test_adding_saves_the_ticked_services(operator: Client) -> None:
    assert boxes(operator.get("/add-agent/")) == ([], ["alpha", "beta", "gamma"])
    sent = {"name": "reader", "description": "x", "services": ["beta", "gamma"]}
    assert operator.post("/add-agent/", sent).headers["Location"] == "/agents/"
    assert agent_operations.chosen_names(agent_operations.get("reader")) == {"beta", "gamma"}


def test_htmx_is_sent_on_when_saved_and_gets_the_errors_alone(operator: Client) -> None:
    wrong = operator.post("/add-agent/", {"name": "a b"}, headers=HTMX)
    assert (wrong.status_code, "Use only letters" in text_of(wrong)) == (422, True)
    assert text_of(wrong).lstrip().startswith('<div id="form-errors"')
    good = operator.post("/add-agent/", {"name": "ab"}, headers=HTMX)
    assert good.headers["HX-Redirect"] == "/agents/"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": "writer"}, "is the name of another agent"),
        ({"name": "global_agent_store"}, "is the name of another agent"),
        ({"name": "x", "services": ["nothing"]}, "is not a service"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_and_stays_as_it_was_typed(
    operator: Client, writer: Agent, sent: dict[str, Any], said: str
) -> None:
    answer = operator.post("/add-agent/", {"services": ["beta"], **sent})
    assert (answer.status_code, said in text_of(answer)) == (422, True)
    assert Agent.objects.count() == 1
    if "services" not in sent:
        assert boxes(answer)[0] == ["beta"]


def test_editing_replaces_the_choice(operator: Client, writer: Agent) -> None:
    assert boxes(operator.get("/agents/writer/")) == (["alpha"], ["beta", "gamma"])
    operator.post("/agents/writer/", {"description": "", "services": ["gamma"]})
    assert agent_operations.chosen_names(writer) == {"gamma"}


def test_a_search_keeps_what_is_ticked_and_saves_nothing(operator: Client, writer: Agent) -> None:
    sent = {"q": "BET", "search": "1", "services": ["gamma"]}
    found = operator.post("/agents/writer/", sent, headers=HTMX)
    assert boxes(found) == (["gamma"], ["beta"])
    assert text_of(found).lstrip().startswith('<div id="agent-services"')
    assert boxes(operator.post("/agents/writer/", sent)) == (["gamma"], ["beta"])
    assert boxes(operator.post("/agents/writer/", {"q": "prod", "search": "1"})) == ([], ["alpha"])
    assert boxes(operator.post("/add-agent/", {"q": "x\0y", "search": "1"})) == ([], [])
    assert agent_operations.chosen_names(writer) == {"alpha"}


def test_of_many_services_some_are_shown_and_all_are_found(operator: Client) -> None:
    for number in range(40):
        make_service(f"many-{number:02}")
    page = operator.get("/add-agent/")
    assert len(boxes(page)[1]) == 30
    assert "13 more: use the search." in text_of(page)
    assert boxes(operator.post("/add-agent/", {"q": "many-39", "search": "1"}))[1] == ["many-39"]


def test_thousands_can_be_ticked_at_once(operator: Client, writer: Agent) -> None:
    url = {"mcpServers": {f"s{n}": {"url": "https://x.example.org/mcp"} for n in range(1500)}}
    register.register(url, by="ann", role=Role.ADMIN, now=timezone.now())
    names = list(url["mcpServers"])
    assert operator.post("/agents/writer/", {"services": names}).status_code == 302
    assert agent_operations.counts()["writer"] == 1500


def test_names_are_text_and_never_markup(operator: Client) -> None:
    page = text_of(operator.post("/add-agent/", {"q": "<b>x", "search": "1", "services": ["<i>"]}))
    assert "<b>x" not in page
    assert "<i>" not in page


def test_removing_ends_the_agent_and_leaves_the_services(operator: Client, writer: Agent) -> None:
    assert operator.get("/agents/writer/remove/").status_code == 405
    assert operator.post("/agents/writer/remove/").headers["Location"] == "/agents/"
    assert not Agent.objects.exists()
    assert operator.post("/agents/writer/remove/").status_code == 404


def test_the_built_in_agent_is_shown_and_cannot_be_edited(operator: Client) -> None:
    page = text_of(operator.get("/agents/global_agent_store/"))
    assert "It always includes all services" in page
    assert 'name="services"' not in page
    assert operator.post("/agents/global_agent_store/", {"services": []}).status_code == 422
    assert operator.post("/agents/global_agent_store/remove/").status_code == 302
    assert "Create URL" in page


def test_viewers_see_what_an_agent_has_and_change_nothing(viewer: Client, writer: Agent) -> None:
    page = text_of(viewer.get("/agents/writer/"))
    assert '<span class="chip">alpha</span>' in page
    assert "Create URL" not in page
    for path in ("", "remove/", "token/", "revoke/"):
        assert viewer.post(f"/agents/writer/{path}").status_code == 403
    assert viewer.get("/add-agent/").status_code == 403
    assert agent_operations.get("writer").token_digest is None


def test_an_unknown_agent_is_not_found(operator: Client) -> None:
    for path in ("", "mcp.json"):
        assert operator.get(f"/agents/nobody/{path}").status_code == 404
    for path in ("", "remove/", "token/", "revoke/"):
        assert operator.post(f"/agents/nobody/{path}").status_code == 404


def test_the_address_is_shown_once(operator: Client, writer: Agent) -> None:
    made = operator.post("/agents/writer/token/")
    (url,) = re.findall(r"https?://\S+/agents/writer/mcp\.json\?token=mcpa_[\w-]{43}", text_of(made))
    assert "no-store" in made.headers["Cache-Control"]
    again = text_of(operator.get("/agents/writer/"))
    assert url.partition("token=")[2] not in again
    assert "never fetched" in again
    path = url[url.index("/agents/") :]
    assert list(Client().get(path).json()["mcpServers"]) == ["alpha"]
    assert "last fetched" in text_of(operator.get("/agents/"))
    operator.post("/agents/writer/revoke/")
    assert Client().get(path).status_code == 401


def test_the_token_goes_into_the_address_or_a_header(writer: Agent) -> None:
    token = agent_tokens.issue("writer", by="ann", now=timezone.now())
    by_header = Client().get("/agents/writer/mcp.json", headers={"Authorization": f"Bearer {token}"})
    assert list(by_header.json()["mcpServers"]) == ["alpha"]
    assert "no-store" in by_header.headers["Cache-Control"]
    assert Client().get("/agents/writer/mcp.json", {"token": token}).status_code == 200


def test_without_the_right_token_nothing_is_told(operator: Client, writer: Agent) -> None:
    token = agent_tokens.issue("writer", by="ann", now=timezone.now())
    out = Client()
    for path in ("/agents/writer/mcp.json", "/agents/nobody/mcp.json"):
        assert out.get(path).status_code == 401
        assert out.get(path, {"token": "mcpa_x"}).status_code == 401
        assert out.get(path, headers={"Authorization": f"Basic {token}"}).status_code == 401
        assert operator.get(path, {"token": "mcpa_x"}).status_code == 401
    assert out.get("/agents/global_agent_store/mcp.json", {"token": token}).status_code == 401
    assert out.post("/agents/writer/mcp.json", {"token": token}).status_code == 405


def test_people_who_are_signed_in_download_it(viewer: Client, writer: Agent) -> None:
    answer = viewer.get("/agents/writer/mcp.json?download")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="writer.mcp.json"'
    assert list(answer.json()["mcpServers"]) == ["alpha"]
    everything = viewer.get("/agents/global_agent_store/mcp.json")
    assert list(everything.json()["mcpServers"]) == ["alpha", "beta", "gamma"]

"""The tools of all services, found by words, narrowed, and never those that a person may not see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from registry.models import Agent, AgentService, ContentItem, ContractChange, Role, Service, WaitingTool
from tests.support.api import Api
from tests.support.pages import HTMX, make_service, make_tool, text_of
from tests.support.scopes import scoped_client

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
ROW = re.compile(r'<th scope="row"><a href="([^"]+)">([^<]+)</a>')


def names(client: Client, query: str = "") -> list[str]:
    return [name for _url, name in ROW.findall(text_of(client.get(f"/tools/{query}")))]


@pytest.fixture
def weather() -> Service:
    service = make_service("weather", tags=["team-a"])
    make_tool(
        service, "get_forecast", description="Predicts the temperature.", annotations={"readOnlyHint": True}
    )
    make_tool(service, "delete_station", title="Remove a station", annotations={"destructiveHint": True})
    return service


@pytest.fixture
def files() -> Service:
    service = make_service("files", tags=["team-b"])
    make_tool(service, "predictions", description="Files of forecasts")
    return service


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("forecast", ["get_forecast", "predictions"]),  # the name first; the other only in its description
        ("predicting", ["get_forecast", "predictions"]),  # words without their endings
        ("temper", ["get_forecast"]),  # the beginning of a word
        ("station remove", ["delete_station"]),  # each word, wherever
        ("forecast station", []),
        ("orecas", ["get_forecast"]),  # any part of a name
        ("%22 OR *", []),
    ],
)
def test_words_find_tools_of_all_services(
    viewer: Client, weather: Service, files: Service, q: str, found: list[str]
) -> None:
    assert names(viewer, f"?q={q}") == found


def test_a_changed_description_is_found_by_its_new_words_alone(viewer: Client, weather: Service) -> None:
    weather.tools.filter(name="get_forecast").update(description="Knows the tides.")
    assert names(viewer, "?q=tide") == ["get_forecast"] and names(viewer, "?q=temperature") == []
    weather.tools.all().delete()
    assert names(viewer, "?q=tide") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?service=files", ["predictions"]),
        ("?hint=read-only", ["get_forecast"]),
        ("?hint=destructive", ["delete_station"]),
        ("?hint=unmarked", ["predictions"]),
        ("?hint=nonsense&news=nonsense&kind=nonsense", ["delete_station", "get_forecast", "predictions"]),
    ],
)
def test_it_is_narrowed(
    viewer: Client, weather: Service, files: Service, query: str, found: list[str]
) -> None:
    assert names(viewer, query) == found


def test_what_changed_lately_says_when(viewer: Client, weather: Service) -> None:
    for name, days in (("get_forecast", 2), ("delete_station", 8)):
        ContractChange.objects.create(
            service=weather,
            at=timezone.now() - timedelta(days=days),
            kind="tool",
            name=name,
            action="changed",
        )
    assert names(viewer, "?news=changed") == ["get_forecast"]
    assert "changed 2 d ago" in text_of(viewer.get("/tools/"))


def test_what_waits_for_approval_is_counted_and_found(viewer: Client, weather: Service) -> None:
    for name in ("get_forecast", "brand_new"):
        WaitingTool.objects.create(
            service=weather, name=name, action="changed", grade="breaking", since=timezone.now()
        )
    assert "2 changes await approval" in text_of(viewer.get("/tools/"))
    assert names(viewer, "?news=waiting") == ["get_forecast"]


def test_resources_and_prompts_are_found_too(viewer: Client, weather: Service) -> None:
    for kind, data in (("resource", {"uri": "weather://today"}), ("prompt", {"description": "Ask politely"})):
        ContentItem.objects.create(service=weather, kind=kind, position=0, name=f"a-{kind}", data=data)
    assert names(viewer, "?kind=resource&q=today") == ["a-resource"]
    assert names(viewer, "?kind=prompt") == ["a-prompt"]


def test_a_scope_shows_its_own_alone(weather: Service, files: Service) -> None:
    assert names(scoped_client(Role.VIEWER), "?q=forecast") == ["get_forecast"]


def test_a_name_leads_to_its_card(viewer: Client, weather: Service) -> None:
    ((url, _name),) = ROW.findall(text_of(viewer.get("/tools/?q=tempera")))
    assert url == "/services/weather/?t=get_forecast#tools-title"
    assert "Predicts the temperature." in text_of(viewer.get(url.split("#")[0]))


def test_a_filter_that_is_typed_changes_the_list_and_the_address(viewer: Client, weather: Service) -> None:
    answer = viewer.get("/tools/?q=temper&kind=tool&hint=", headers=HTMX)
    assert answer["HX-Push-Url"] == "/tools/?q=temper" and "<html" not in text_of(answer)


def test_what_is_removed_is_not_listed(viewer: Client, weather: Service) -> None:
    Service.objects.update(removed_at=timezone.now())
    assert names(viewer) == []


def test_rest_finds_the_same(api_viewer: Api, weather: Service, files: Service) -> None:
    found = api_viewer.get("tools?q=forecast").json()
    assert found["count"] == 2
    assert [(row["service"], row["name"]) for row in found["results"]] == [
        ("weather", "get_forecast"),
        ("files", "predictions"),
    ]
    assert api_viewer.get("tools?q=forecast&page=2").json()["results"] == []


def test_they_are_narrowed_by_the_state_of_their_service_and_by_agent(
    viewer: Client, weather: Service, files: Service
) -> None:
    down = make_service("down", state=State.UNREACHABLE)
    make_tool(down, "lost")
    assert names(viewer, "?state=UNREACHABLE") == ["lost"]
    assert names(viewer, "?state=HEALTHY&q=lost") == []
    now = timezone.now()
    agent = Agent.objects.create(name="desk", created_at=now, updated_at=now)
    AgentService.objects.create(agent=agent, service_name="files")
    assert names(viewer, "?agent=desk") == ["predictions"]
    assert names(viewer, "?agent=nobody") == []


def test_what_they_cost_is_summed_and_orders_them(viewer: Client, api_viewer: Api) -> None:
    service = make_service("weather")
    for name, tokens in (("a", 120), ("b", 12_345), ("c", 7)):
        make_tool(service, name, tokens=tokens)
    make_tool(make_service("other"), "d", tokens=50)
    page = text_of(viewer.get("/tools/?service=weather"))
    assert "≈ 12,000 tokens" in page
    assert names(viewer, "?order=tokens") == ["b", "a", "d", "c"]
    found = api_viewer.get("tools?order=tokens&service=weather").json()
    assert (found["tokens"], [row["tokens"] for row in found["results"]]) == (12_472, [12_345, 120, 7])
    one = api_viewer.get("services/weather/tools").json()
    assert (one["tokens"], one["results"][0]["tokens"]) == (12_472, 120)
    assert "take ≈ 12,000 tokens of every conversation" in text_of(viewer.get("/services/weather/"))


@pytest.mark.parametrize("q", ["forecast", "predicting", "orecas", "station remove", "nothing"])
def test_list_palette_and_page_of_the_service_find_the_same(
    viewer: Client, weather: Service, files: Service, q: str
) -> None:
    listed = sorted(names(viewer, f"?q={q}"))
    palette = text_of(viewer.get("/palette/", {"q": q}))
    known = ["delete_station", "get_forecast", "predictions"]
    assert [name for name in known if f"t={name}#tools-title" in palette] == listed
    pages = "".join(
        text_of(viewer.get(f"/services/{name}/tools/", {"t": q})) for name in ("weather", "files")
    )
    assert [name for name in known if f"<code>{name}</code>" in pages] == listed


def test_rest_finds_the_other_kinds_too(api_viewer: Api, weather: Service) -> None:
    given = {
        "resource": {"uri": "weather://today"},
        "template": {"uriTemplate": "weather://{city}", "title": 7},
    }
    for kind, data in (given | {"prompt": {"description": "Ask politely"}}).items():
        ContentItem.objects.create(service=weather, kind=kind, position=0, name=f"a-{kind}", data=data)
    found = {kind: api_viewer.get("tools", kind=kind).json() for kind in (*given, "prompt")}
    rows = {kind: answer["results"][0] for kind, answer in found.items()}
    assert [answer["count"] for answer in found.values()] == [1, 1, 1]
    assert rows["resource"]["uri"] == "weather://today" and rows["template"]["uri"] == "weather://{city}"
    assert rows["template"]["title"] == "" and rows["prompt"]["description"] == "Ask politely"
    assert {row["service"] for row in rows.values()} == {"weather"}
    assert [row["kind"] for row in rows.values()] == [*rows]
    assert api_viewer.get("tools", kind="resource", q="tomorrow").json()["count"] == 0
    assert {row["kind"] for row in api_viewer.get("tools").json()["results"]} == {"tool"}


def test_rest_says_that_only_tools_have_hints_and_knows_no_other_kind(
    api_viewer: Api, weather: Service
) -> None:
    refused = api_viewer.get("tools", kind="prompt", hint="read-only")
    assert refused.status_code == 422 and "query.hint" in refused.content.decode()
    assert api_viewer.get("tools", kind="secret").status_code == 422


def test_the_description_of_rest_has_the_kinds(api_viewer: Api) -> None:
    described = api_viewer.get("openapi.json").json()["paths"]["/api/v1/tools"]["get"]
    (kind,) = (one["schema"] for one in described["parameters"] if one["name"] == "kind")
    assert kind["pattern"] == "^(tool|resource|template|prompt)$" and kind["default"] == "tool"

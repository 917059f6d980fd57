"""Whatever comes in, errors have one shape, and none of them is ours."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.services import queries as service_queries
from tests.support.api import Api, MakeService

HUGE = "9" * 5000
NAMES = ["a%00b", "%2e%2e%2f", "x" * 3000, "%F0%9F%92%A3", "%ff", "<script>", "'; DROP TABLE x; --", "None"]


def error_of(answer: Any, status: int) -> dict[str, str]:
    assert answer.status_code == status, answer.content[:500]
    body = answer.json()
    assert set(body) <= {"error", "results"} and set(body["error"]) <= {"code", "message", "where"}
    assert body["error"]["code"] and body["error"]["message"]
    error: dict[str, str] = body["error"]
    return error


@pytest.mark.parametrize(
    "path", ["", "nothing", "services/", "commands/x", f"commands/{HUGE}", "services/a/b/c/d"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_that_is_none(path: str, method: str, api_admin: Api) -> None:
    assert error_of(api_admin.send(method, path), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "services", {"GET", "POST"}),
        ("POST", "overview", {"GET"}),
        ("POST", "services/weather/tools", {"GET"}),
        ("DELETE", "services/weather/stop", {"POST"}),
    ],
)
def test_a_wrong_method(method: str, path: str, allowed: set[str], api_admin: Api) -> None:
    answer = api_admin.send(method, path)
    assert error_of(answer, 405)["code"] == "method_not_allowed"
    assert set(answer["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "services/{}"),
        ("DELETE", "services/{}"),
        ("PATCH", "services/{}"),
        ("POST", "services/{}/stop"),
        ("GET", "services/{}/tools"),
        ("POST", "services/{}/tools/echo/call"),
        ("GET", "services/{}/events"),
        ("GET", "services/{}/checks"),
    ],
)
def test_a_service_that_there_is_not(name: str, method: str, path: str, api_admin: Api) -> None:
    assert error_of(api_admin.send(method, path.format(name), {}), 404)["code"] in (
        "service_not_found",
        "not_found",
    )


@pytest.mark.parametrize("tool", [*NAMES, "a/b/c"])
def test_a_tool_that_there_is_not(tool: str, api_admin: Api, registered_service: MakeService) -> None:
    registered_service(state="HEALTHY", tools=("echo",))
    answer = api_admin.post(f"services/weather/tools/{tool}/call", {})
    assert error_of(answer, 404)["code"] == "tool_not_found"


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"page": "0"}, "query.page"),
        ({"page": "-1"}, "query.page"),
        ({"page": HUGE}, "query.page"),
        ({"page": "1e3"}, "query.page"),
        ({"page_size": "0"}, "query.page_size"),
        ({"page_size": "100000"}, "query.page_size"),
        ({"state": "SLEEPING"}, "query.state"),
        ({"state": "healthy,\x00"}, "query.state"),
        ({"q": "a\x00b"}, "query.q"),
        ({"tag": "\x00"}, "query.tag"),
        ({"transport": "\x00"}, "query.transport"),
        ({"agent": "\x00"}, "query.agent"),
        ({"q": "x" * 5000}, "query.q"),
    ],
)
def test_a_list_asked_wrongly_says_where(query: dict[str, str], where: str, api_viewer: Api) -> None:
    assert error_of(api_viewer.get("services", **query), 422)["where"] == where


@pytest.mark.parametrize(
    "query", [{"q": "%_\\'\"--"}, {"tag": '"],["'}, {"q": "🧨"}, {"transport": "carrier pigeon"}]
)
def test_odd_filters_match_nothing(
    query: dict[str, str], api_viewer: Api, registered_service: MakeService
) -> None:
    registered_service()
    assert api_viewer.get("services", **query).json() == {"count": 0, "results": []}


@pytest.mark.parametrize("after", ["-1", HUGE, str(2**63), "x", "1.5", "\x00"])
def test_events_after_no_id(after: str, api_viewer: Api) -> None:
    assert error_of(api_viewer.get("events", after=after), 422)["where"] == "query.after"


def test_events_after_the_largest_id(api_viewer: Api) -> None:
    assert api_viewer.get("events", after=2**63 - 1).json() == {"results": []}


@pytest.mark.parametrize("wait", ["-1", "nan", "inf", "x"])
def test_waiting_for_no_time(wait: str, api_operator: Api) -> None:
    assert error_of(api_operator.post(f"services/weather/check?wait={wait}"), 422)["where"] == "query.wait"


@pytest.mark.parametrize("number", [0, 12345, 2**63 - 1])
def test_a_command_that_there_is_not(number: int, api_operator: Api) -> None:
    assert error_of(api_operator.get(f"commands/{number}"), 404)["code"] == "command_not_found"


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ("{", 400, "body"),
        (b"\xff\xfe", 400, "body"),
        ('{"arguments": NaN}', 400, "body"),
        ('{"arguments": {"x": "\\ud800"}}', 400, "body"),
        ("[" * 100_000, 400, "body"),
        ("[]", 422, "body"),
        ('"text"', 422, "body"),
        ('{"arguments": []}', 422, "body.arguments"),
        ('{"arguments": null}', 422, "body.arguments"),
        ('{"argumnets": {}}', 422, "body.argumnets"),
    ],
)
def test_a_call_with_a_body_that_is_none(
    body: str | bytes, status: int, where: str, api_operator: Api, registered_service: MakeService
) -> None:
    registered_service(state="HEALTHY", tools=("echo",))
    assert error_of(api_operator.post("services/weather/tools/echo/call", body), status)["where"] == where


@pytest.mark.parametrize("path", ["services", "services/weather/tools/echo/call"])
def test_a_body_that_is_too_large(path: str, api_operator: Api, registered_service: MakeService) -> None:
    registered_service(state="HEALTHY", tools=("echo",))
    error = error_of(api_operator.post(path, "x" * (4 * 1024 * 1024 + 1)), 413)
    assert (error["code"], error["where"]) == ("too_large", "body")


def test_our_own_mistake_is_told_without_its_trace(api_viewer: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistake(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(service_queries, "service_page", mistake)
    answer = api_viewer.get("services")
    assert error_of(answer, 500)["code"] == "internal"
    assert b"secret detail" not in answer.content

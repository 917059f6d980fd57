"""Every kind of answer tells browsers the same: pages, fragments, REST, files, errors, static files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from mcpstore_site.answers import guards, unavailable
from registry.installation import trouble
from registry.models import Agent, AgentService, Role
from tests.mcpstore_site.routes import pages, rest
from tests.support.pages import HTMX, make_service, make_worker, signed_in
from tests.support.planting import PK, plant

DATABASE = pytest.mark.django_db
ROUTES = [route for route in [*pages(), *rest()] if "GET" in route.methods and route.name != "logout"]
EXPECTED = {
    "content-security-policy": r"(?=.*default-src 'self')(?=.*object-src 'none')(?=.*base-uri 'none')"
    r"(?=.*frame-ancestors 'none')(?!.*unsafe)",
    "permissions-policy": r"(?=.*camera=\(\))(?=.*geolocation=\(\))",
    "cross-origin-opener-policy": "same-origin$",
    "cross-origin-resource-policy": "same-origin$",
    "referrer-policy": "same-origin$",
    "x-content-type-options": "nosniff$",
    "x-frame-options": "DENY$",
    "x-request-id": r"[0-9a-f]{32}$",
}
FOR_ANY_SITE = {"status_json", "badge"}
"""What is made to be shown by other sites: it needs no session, and looks at none."""
OPEN = {"cross-origin-resource-policy": "cross-origin", "Access-Control-Allow-Origin": "*"}


def lacking(headers: Any, *, kept: bool = False) -> list[str]:
    """Names of headers that are not as they should be; *kept*: as a static file may be."""
    found = [name for name, value in EXPECTED.items() if not re.match(value, headers.get(name, ""))]
    if "no-store" not in headers.get("cache-control", "") and not kept:
        found.append("cache-control")
    return found + [name for name in headers if name.lower().startswith("access-control-")]


def typed(answer: Any) -> bool:
    """Whether a body has a type, and a text its encoding."""
    kind = answer.headers.get("Content-Type", "")
    if not (answer.streaming or answer.content):
        return True
    return bool(kind) and ("charset=" in kind.lower() or not kind.startswith("text/"))


@pytest.fixture
def fleet(db: None) -> None:
    plant(tags=["team-a"])
    service = make_service("ours")
    agent = Agent.objects.create(name="ours", created_at=timezone.now(), updated_at=timezone.now())
    AgentService.objects.create(agent=agent, service_name=service.name)
    make_worker()


def asked(client: Client) -> Iterator[tuple[str, Any]]:
    """Each route, as a page and as a part of one."""
    for route in ROUTES:
        address = route.address("ours", PK)
        for headers in ({},) if route.template else ({}, HTMX):
            answer = client.get(address, headers=headers)
            if answer.streaming:
                answer.getvalue()
            yield f"{route.name} {'hx' if headers else ''} {answer.status_code}", answer


@DATABASE
@pytest.mark.parametrize("who", [Role.ADMIN, Role.VIEWER, None])
def test_every_route_of_the_map(fleet: None, who: Role | None) -> None:
    client = signed_in(who) if who else Client()
    client.raise_request_exception = False
    wrong, kinds = [], Counter[int]()
    for name, answer in asked(client):
        kinds[answer.status_code] += 1
        wrong += [(name, ["status"])] if answer.status_code == 500 else []
        lacks = lacking(answer.headers)
        if name.split()[0] in FOR_ANY_SITE:
            lacks = [one for one in lacks if answer.headers[one] != OPEN.get(one)]
            assert not answer.cookies
        wrong += [(name, lacks)] if lacks else []
        wrong += [] if typed(answer) else [(name, [answer.headers.get("Content-Type", "")])]
    print(who, dict(kinds))
    assert wrong == []
    assert kinds.total() > 200


@DATABASE
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no/such/", 404),
        ("GET", "/api/v1/none", 404),
        ("DELETE", "/add/", 405),
        ("GET", "/services/ours/remove/", 405),
        ("TRACE", "/services/", 405),
        ("POST", "/api/v1/services", 422),
        ("OPTIONS", "/api/v1/services", 405),
    ],
)
def test_what_is_refused(admin: Client, method: str, path: str, status: int) -> None:
    make_service("ours")
    answer = admin.generic(
        method, path, json.dumps({"mcpServers": {"a b": 1}}), content_type="application/json"
    )
    assert (answer.status_code, lacking(answer.headers)) == (status, [])


@DATABASE
def test_a_mistake_of_ours_and_a_host_that_is_not_ours(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer.raise_request_exception = False
    strange = viewer.get("/services/", headers={"Host": "elsewhere.example"})
    assert (strange.status_code, lacking(strange.headers)) == (400, [])
    monkeypatch.setattr("lifecycle.workers.queue.views.render", lambda *_a, **_k: 1 / 0)
    failed = viewer.get("/queue/")
    assert (failed.status_code, lacking(failed.headers)) == (500, [])


@DATABASE
def test_a_form_without_its_token(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {})
    assert (answer.status_code, lacking(answer.headers)) == (403, [])


def test_an_answer_that_is_given_before_all_others() -> None:
    answer = guards.put(unavailable.answer(trouble.crowded(5), "/services/"))
    answer["X-Request-ID"] = "0" * 32
    assert lacking(answer.headers) == []


@DATABASE
def test_cookies_are_hidden_from_scripts_and_other_sites(db: None) -> None:
    User.objects.create_user("ada", password="an-uncommon-phrase-7")
    client = Client()
    client.post("/login/", {"username": "ada", "password": "an-uncommon-phrase-7"})
    assert client.cookies[django_settings.SESSION_COOKIE_NAME]["httponly"]
    client.get("/account/")
    assert {one["samesite"] for one in client.cookies.values()} == {"Lax"} and len(client.cookies) > 1

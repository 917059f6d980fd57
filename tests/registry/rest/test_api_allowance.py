"""The limit of REST requests, by token and by person."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.access import tokens
from registry.models import Role
from registry.rest import allowance
from registry.rest.allowance import Counter, Left
from tests.support.api import Api, user_of


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "counter", Counter())
    monkeypatch.setattr("registry.rest.allowance.time.monotonic", lambda: 100.0)


def spent(counter: Counter, times: list[float], who: str = "ann") -> list[Left]:
    return [counter.spend(who, 2, now) for now in times]


def test_the_third_of_two_is_refused_until_the_window_ends() -> None:
    counter = Counter()
    found = spent(counter, [7.0, 7.5, 66.9, 66.95, 67.0])
    assert [(one.requests, one.seconds) for one in found] == [(1, 60), (0, 60), (-1, 1), (-1, 1), (1, 60)]


def test_each_has_a_window_of_its_own() -> None:
    counter = Counter()
    spent(counter, [0.0, 0.0, 0.0])
    assert counter.spend("bob", 2, 1.0) == Left(2, 1, 60)


def test_who_asks_no_more_is_forgotten() -> None:
    counter = Counter()
    for number in range(allowance.SWEPT_ABOVE + 1):
        counter.spend(f"token {number}", 2, 0.0)
    counter.spend("the last", 2, 60.0)
    assert len(counter) == 1


def test_a_larger_quota_counts_at_once() -> None:
    counter = Counter()
    spent(counter, [0.0, 0.0, 0.0, 0.0])
    assert counter.spend("ann", 5, 1.0).requests == 1


def test_answers_say_what_is_left(api_viewer: Api, settings: Any) -> None:
    settings.REST_LIMIT = 2
    first, missing, third = (api_viewer.get(path) for path in ("services", "services/none", "services"))
    assert [answer.status_code for answer in (first, missing, third)] == [200, 404, 429]
    assert first["RateLimit-Policy"] == third["RateLimit-Policy"] == '"rest";q=2;w=60'
    assert [answer["RateLimit"] for answer in (first, missing, third)] == [
        '"rest";r=1;t=60',
        '"rest";r=0;t=60',
        '"rest";r=0;t=60',
    ]
    assert third["Retry-After"] == "60" and "Retry-After" not in first
    error = third.json()["error"]
    assert error["code"] == "too_many_requests" and "try again in 60 s" in error["message"]


def test_a_refusal_by_role_counts_and_a_wrong_token_is_nobodys(api_viewer: Api, settings: Any) -> None:
    settings.REST_LIMIT = 2
    assert api_viewer.post("services", {}).status_code == 403
    answer = Api("mcps_wrong").get("services")
    assert answer.status_code == 401 and "RateLimit" not in answer
    assert api_viewer.get("services")["RateLimit"] == '"rest";r=0;t=60'


def test_tokens_of_one_person_are_counted_apart(db: None, settings: Any) -> None:
    settings.REST_LIMIT = 1
    user, now = user_of(Role.VIEWER), timezone.now()
    one, other = (Api(tokens.issue(user, Role.VIEWER, now)) for _ in range(2))
    assert [one.get("services").status_code, one.get("services").status_code] == [200, 429]
    assert other.get("services").status_code == 200


def test_a_person_without_a_token_is_counted_in_all_browsers(db: None, settings: Any) -> None:
    settings.REST_LIMIT = 1
    user = user_of(Role.VIEWER)
    answers = []
    for _ in range(2):
        browser = Client()
        browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
        answers.append(browser.get("/api/v1/services"))
        assert browser.get("/services/").status_code == 200
    assert [answer.status_code for answer in answers] == [200, 429]


def test_what_waits_is_counted_too(api_operator: Api, settings: Any) -> None:
    settings.REST_LIMIT = 1
    first, second = (api_operator.get("commands/1") for _ in range(2))
    assert (first.status_code, second.status_code) == (404, 429)
    assert second["RateLimit"] == '"rest";r=0;t=60'


def test_without_a_limit_nothing_is_said(api_viewer: Api, settings: Any) -> None:
    settings.REST_LIMIT = 0
    assert not [name for name in api_viewer.get("services").headers if name.startswith("RateLimit")]


def test_counting_asks_nothing_of_the_database(api_viewer: Api, settings: Any) -> None:
    counted = []
    for limit in (1000, 0):
        settings.REST_LIMIT = limit
        api_viewer.get("services")  # notes the token's use
        with CaptureQueriesContext(
            connection,
        ) as queries:
            api_viewer.get("services")
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_quota_used_up_is_one_line_of_the_log(
    api_viewer: Api, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REST_LIMIT = 1
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            api_viewer.get("services")
    lines = [line.getMessage() for line in caplog.records]
    assert len(lines) == 1 and "mcps_" in lines[0] and User.objects.count() == 1

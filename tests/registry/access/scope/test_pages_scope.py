"""Whoever is limited to a tag or an agent sees only those services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry.access import tokens
from registry.access.people import operations
from registry.access.scope.limits import scope_of
from registry.core.scope import EVERYTHING, Scope
from registry.errors import NotPossibleError
from registry.models import Agent, AgentService, ApiToken, AuditEntry, Role, Service
from registry.models.limits import current, unlimited, within
from tests.support.pages import make_service, signed_in, text_of
from tests.support.scopes import TEAM_A, person_of, scoped_client

pytestmark = pytest.mark.django_db
BY: Any = {"by": "ann", "now": timezone.now()}


@pytest.fixture
def two_teams() -> None:
    make_service("ours", tags=["team-a", "maps"])
    make_service("theirs", tags=["team-b"])


def test_a_viewer_of_a_tag_sees_its_services_on_the_page_and_in_rest(two_teams: None) -> None:
    browser = scoped_client(Role.VIEWER)
    page = text_of(browser.get("/services/"))
    assert "ours" in page and "theirs" not in page
    listed = browser.get("/api/v1/services").json()
    assert [row["name"] for row in listed["results"]] == ["ours"] and listed["count"] == 1
    assert browser.get("/services/ours/").status_code == 200
    assert browser.get("/services/theirs/").status_code == 404
    assert browser.get("/api/v1/services/theirs").status_code == 404


def test_everybody_else_sees_both(two_teams: None) -> None:
    page = text_of(signed_in(Role.VIEWER).get("/services/"))
    assert "ours" in page and "theirs" in page


def test_a_tag_is_compared_as_a_whole_and_in_its_letters() -> None:
    tags = ['"team-a', 'team-a"', "Team-A", "team-a ", "team", "team-ab", 'x"team-a"']
    for number, tag in enumerate(tags):
        make_service(f"s{number}", tags=[tag])
    with within(frozenset({TEAM_A})):
        assert not Service.objects.exists()
    quoted = Scope(tags=frozenset({'"team-a'}))
    with within(frozenset({quoted})):
        assert [one.name for one in Service.objects.all()] == ["s0"]


def test_an_agent_in_the_scope_brings_its_services() -> None:
    for name in ("one", "two"):
        make_service(name)
    agent = Agent.objects.create(name="claude", created_at=timezone.now(), updated_at=timezone.now())
    AgentService.objects.create(agent=agent, service_name="two")
    browser = scoped_client(Role.VIEWER, Scope(agents=frozenset({"claude"})))
    assert [row["name"] for row in browser.get("/api/v1/services").json()["results"]] == ["two"]


def names_by(token: str) -> list[str]:
    answer = Client().get("/api/v1/services", headers={"Authorization": f"Bearer {token}"})
    return [row["name"] for row in answer.json()["results"]]


def test_a_token_sees_what_it_and_its_owner_may_see(two_teams: None) -> None:
    make_service("both", tags=["team-a", "team-b"])
    owner, now = person_of(Role.OPERATOR), timezone.now()
    token = tokens.issue(owner, Role.VIEWER, now, lives=timedelta(days=1))
    assert names_by(token) == ["both", "ours"]
    ApiToken.objects.update(scope={"tags": ["team-b"]})
    assert names_by(token) == ["both"]


def test_what_a_browser_is_signed_in_as_adds_nothing_to_a_token(two_teams: None) -> None:
    token = tokens.issue(person_of(Role.VIEWER), Role.VIEWER, timezone.now(), lives=timedelta(days=1))
    browser = signed_in(Role.ADMIN)
    answer = browser.get("/api/v1/services", headers={"Authorization": f"Bearer {token}"})
    assert [row["name"] for row in answer.json()["results"]] == ["ours"]


def test_a_scope_holds_from_the_next_request_on_and_is_audited(two_teams: None) -> None:
    browser = signed_in(Role.VIEWER)
    assert browser.get("/services/theirs/").status_code == 200
    assert operations.set_scope("viewer-1", TEAM_A, **BY)
    assert not operations.set_scope("viewer-1", TEAM_A, **BY)
    assert browser.get("/services/theirs/").status_code == 404
    entry = AuditEntry.objects.get(action="scope changed")
    assert (entry.target, entry.detail) == ("viewer-1", "tags team-a")
    operations.set_scope("viewer-1", Scope(), **BY)
    assert browser.get("/services/theirs/").status_code == 200


def test_an_admin_has_no_scope() -> None:
    signed_in(Role.ADMIN)
    with pytest.raises(NotPossibleError, match="admins see everything"):
        operations.set_scope("admin-1", TEAM_A, **BY)
    person_of(Role.VIEWER, name="ann")
    operations.set_role("ann", Role.ADMIN, **BY)
    assert scope_of(operations.get("ann")) == Scope()


def test_limits_end_with_their_block() -> None:
    with within(frozenset({TEAM_A})):
        with unlimited():
            assert current() == EVERYTHING
        assert current() == frozenset({TEAM_A})
    assert current() == EVERYTHING

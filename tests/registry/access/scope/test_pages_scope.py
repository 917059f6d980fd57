"""Whoever is limited to a tag or an agent sees only those services."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from lifecycle.models import AlertRule, Channel, Command, Delivery, Episode, Silence
from lifecycle.operations import commands
from lifecycle.operations.bulk import operations as bulk
from registry.access import tokens
from registry.access.people import operations
from registry.access.scope.limits import scope_of
from registry.core.scope import EVERYTHING, Scope
from registry.errors import NotPossibleError
from registry.models import Agent, AgentService, ApiToken, AuditEntry, Role, Service
from registry.models.limits import current, unlimited, within
from tests.support.commands import run
from tests.support.pages import make_service, signed_in, text_of
from tests.support.scopes import TEAM_A, person_of, scoped_client

pytestmark = pytest.mark.django_db
PEOPLE, TOKEN = "/settings/people/", {"name": "backup", "days": "30"}
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


@pytest.mark.parametrize(
    ("tag", "seen"),
    [
        (", ", ["odd"]),
        ("],", ["odd"]),
        ("b", ["first", "second"]),
        ("ü\\", ["second"]),
        ("c", []),
        ('a", "b', []),
    ],
)
def test_no_piece_of_the_list_is_taken_for_a_tag(tag: str, seen: list[str]) -> None:
    make_service("first", tags=["b", "a"])
    make_service("second", tags=["a, ", "b", "ü\\", '"c"', ', "c", '])
    make_service("odd", tags=[", ", "],"])
    for limits in (frozenset({Scope(tags=frozenset({tag}))}), frozenset({Scope(tags=frozenset({tag, "x"}))})):
        with within(limits):
            assert sorted(Service.objects.values_list("name", flat=True)) == seen


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


def test_an_admin_invites_somebody_to_a_scope_and_changes_it(admin: Client, two_teams: None) -> None:
    page = text_of(
        admin.post(f"{PEOPLE}invite/", {"name": "bob", "role": "operator", "tags": "team-a, maps"})
    )
    bob = User.objects.get(username="bob")
    assert scope_of(bob) == Scope(tags=frozenset({"team-a", "maps"})) and "tags maps, team-a" in page
    assert "tags maps, team-a" in text_of(admin.get(PEOPLE))
    answer = admin.post(f"{PEOPLE}{bob.pk}/scope/", {"tags": "team-b", "agents": ""})
    assert answer.status_code == 302 and scope_of(operations.get("bob")) == Scope(tags=frozenset({"team-b"}))
    answer = admin.post(f"{PEOPLE}{bob.pk}/scope/", {"agents": "nobody"})
    assert answer.status_code == 422 and "there is no agent &#x27;nobody&#x27;" in text_of(answer)
    answer = admin.post(f"{PEOPLE}{bob.pk}/scope/", {"agents": "global_agent_store"})
    assert answer.status_code == 422 and "has all services" in text_of(answer)
    assert admin.post(f"{PEOPLE}{bob.pk}/scope/", {}).status_code == 302
    assert scope_of(operations.get("bob")) == Scope()


def test_an_admin_is_invited_to_everything(admin: Client) -> None:
    answer = admin.post(f"{PEOPLE}invite/", {"name": "bob", "role": "admin", "tags": "team-a"})
    assert answer.status_code == 422 and "admin sees all services" in text_of(answer)
    assert not User.objects.filter(username="bob").exists()


def test_a_person_gives_a_token_less_than_they_see(two_teams: None, admin: Client) -> None:
    page = text_of(admin.post("/account/tokens/add/", {**TOKEN, "role": "viewer", "tags": "team-b"}))
    token = re.findall(r"mcps_[\w-]{20,}", page)[0]
    assert names_by(token) == ["theirs"] and "tags team-b" in text_of(admin.get("/account/"))
    answer = admin.post("/account/tokens/add/", {**TOKEN, "role": "admin", "tags": "team-b"})
    assert answer.status_code == 422 and ApiToken.objects.count() == 1


def test_the_account_page_says_what_one_sees(two_teams: None) -> None:
    assert "Visible services: tags team-a." in text_of(scoped_client(Role.VIEWER).get("/account/"))


def test_scopes_by_the_command_line(two_teams: None) -> None:
    run("people", "invite", "bob", "--role", "operator", "--tag", "team-a")
    assert scope_of(operations.get("bob")) == TEAM_A
    assert "tags team-a" in run("people", "list")[0]
    run("people", "scope", "bob", "--tag", "team-b", "--tag", "maps")
    assert scope_of(operations.get("bob")) == Scope(tags=frozenset({"team-b", "maps"}))
    run("people", "scope", "bob")
    token = run("apitoken", "bob", "--role", "viewer", "--tag", "team-b")[0].strip()
    assert names_by(token) == ["theirs"]
    assert "tags team-b" in run("apitoken", "--list")[0]


NOT_THEIRS = (
    "/versions/",
    "/alerts/channels/",
    "/settings/targets/",
    "/settings/workers/",
)


def test_buttons_that_a_scope_takes_away_are_not_shown(two_teams: None) -> None:
    browser = scoped_client(Role.OPERATOR)
    page = text_of(browser.get("/services/")) + text_of(browser.get("/services/ours/"))
    for address in NOT_THEIRS:
        assert f'href="{address}"' not in page, address
    assert "Restart" in page and "ask-remove" in page and 'href="/services/ours/edit/"' in page


def test_an_operator_of_a_scope_acts_within_it_and_nowhere_else(two_teams: None) -> None:
    browser = scoped_client(Role.OPERATOR)
    rest: Any = {"content_type": "application/json"}
    assert browser.post("/services/ours/ask/check/").status_code == 302
    assert browser.post("/services/theirs/ask/check/").status_code == 404
    assert browser.post("/api/v1/services/theirs/stop", **rest).status_code == 404
    bulk_path = "/api/v1/services/bulk"
    answer = browser.post(bulk_path, {"action": "check", "names": ["theirs"]}, **rest)
    assert answer.status_code == 422 and not Command.objects.filter(service__name="theirs").exists()
    browser.post(bulk_path, {"action": "check", "filter": {}}, **rest)
    assert {one.service.name for one in Command.objects.all()} == {"ours"}


def test_a_command_and_a_bulk_action_of_others_are_not_there_by_their_number(two_teams: None) -> None:
    command = commands.request("check", "theirs", by="ann", now=timezone.now())
    both = ["ours", "theirs"]
    batch = bulk.begin("check", names=both, by="ann", role=Role.ADMIN, now=timezone.now())
    browser = scoped_client(Role.OPERATOR)
    for address in (f"/api/v1/commands/{command.pk}", f"/api/v1/batches/{batch.pk}", f"/batches/{batch.pk}/"):
        assert browser.get(address).status_code == 404, address
    assert browser.post(f"/batches/{batch.pk}/cancel/").status_code == 404


def test_an_operator_of_a_scope_snoozes_an_alert_of_a_rule_about_others_too(two_teams: None) -> None:
    now = timezone.now()
    both = {"kind": "services", "values": ["ours", "theirs"]}
    rule = AlertRule.objects.create(name="both", condition="state-entered", scope=both, created_at=now)
    service = Service.objects.get(name="ours")
    episode = Episode.objects.create(rule=rule, service=service, state="firing", opened_at=now, fired_at=now)
    browser = scoped_client(Role.OPERATOR)
    assert browser.post(f"/alerts/{episode.pk}/snooze/").status_code == 302
    assert Silence.objects.get().services == ["ours"] and episode.notes.filter(kind="silenced").exists()


def test_a_message_about_many_is_not_sent_again_by_who_sees_some(two_teams: None) -> None:
    now = timezone.now()
    rule = AlertRule.objects.create(name="down", condition="state-entered", created_at=now)
    channel = Channel.objects.create(name="log", kind="console", created_at=now)
    due: Any = {"channel": channel, "created_at": now, "next_attempt_at": now, "expires_at": now}
    due |= {"kind": "firing", "payload": {"data": {"message": "down"}}, "state": "dead"}
    group = Delivery.objects.create(**due)
    for name in ("ours", "theirs"):
        about: Any = {"rule": rule, "service": Service.objects.get(name=name), "state": "firing"}
        Delivery.objects.create(group=group, episode=Episode.objects.create(**about, opened_at=now), **due)
    mine = Delivery.objects.get(episode__service__name="ours")
    browser = scoped_client(Role.OPERATOR)
    assert "/replay/" not in text_of(browser.get("/alerts/deliveries/"))
    browser.post(f"/alerts/deliveries/{mine.pk}/replay/")
    assert browser.post(f"/api/v1/deliveries/{mine.pk}/replay").status_code == 409
    assert set(Delivery.objects.values_list("state", flat=True)) == {"dead"}

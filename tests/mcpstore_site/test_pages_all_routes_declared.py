"""Every route says what it needs, and nobody else gets past it: all roles, scopes, routes and methods."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from registry.access.roles import at_least
from registry.core.scope import Scope
from registry.models import Role
from tests.mcpstore_site.routes import Route, pages, rest
from tests.support.pages import as_if_seen, make_service
from tests.support.scopes import TEAM_A, person_of

PAGES, REST = list(pages()), list(rest())
OPEN = {
    "healthz",
    "readyz",
    "metrics",  # a token, or this machine
    "login",
    "signin_second",  # after the right password
    "signin_passkey",
    "signin_openid",  # to the provider, who knows them
    "signin_openid_callback",
    "logout",
    "live_poll",  # says 401 to who is not signed in
    "agent_mcpjson",  # a token of the agent, or a session
    "welcome",  # a link that works once
    "alert_act",  # a signed link in a message
    "status_page",  # a page made public, or a secret link
    "status_feed",
    "status_json",
    "badge",
    "signin_document",  # authorization servers read it
}
BESIDE_REST = {"openapi-json", "api-root", None}


def test_every_route_declares_what_it_needs() -> None:
    assert [route.name for route in PAGES + REST if route.needs is None] == []
    assert {route.name for route in PAGES if route.needs and route.needs.role is None} == OPEN
    assert all(route.needs and route.needs.role for route in REST)
    assert len(PAGES) > 100 and len(REST) > 70


def test_no_route_is_beside_the_map() -> None:
    """What has a namespace is REST, and no pattern there is without an operation."""
    spaces = [one for one in get_resolver().url_patterns if isinstance(one, URLResolver) and one.namespace]
    (only,) = spaces
    named = {one.name for one in only.url_patterns if isinstance(one, URLPattern)}
    assert named - {route.name for route in REST} <= BESIDE_REST


def browser(role: Role, scope: Scope) -> Client:
    client = Client(raise_request_exception=False)
    name = f"{role.value}-{'limited' if scope else 'of-all'}"
    client.force_login(person_of(role, scope, name), "django.contrib.auth.backends.ModelBackend")
    as_if_seen(client)
    return client


def may(route: Route, role: Role, scope: Scope) -> bool:
    assert route.needs is not None
    if route.needs.role is None:
        return True
    return at_least(role, route.needs.role) and not (route.needs.unscoped and scope)


WHO = [(role, scope) for role in (Role.VIEWER, Role.OPERATOR) for scope in (Scope(), TEAM_A)]


@pytest.mark.django_db
def test_every_forbidden_pair_is_refused() -> None:
    make_service("ours", tags=["team-a"])
    pairs, refused, wrong = 0, Counter[str](), list[str]()
    for role, scope in WHO:
        client = browser(role, scope)
        for route in PAGES + REST:
            for method in route.methods:
                pairs += 1
                if may(route, role, scope):
                    continue
                kind = "application/json" if route.template else "application/x-www-form-urlencoded"
                body = json.dumps({}) if route.template else ""
                answer = client.generic(method, route.address("ours", 1), body, content_type=kind)
                refused[f"{role.value}{' of a scope' if scope else ''}"] += 1
                if answer.status_code not in (403, 405):
                    wrong.append(f"{role.value} {scope} {method} {route.name}: {answer.status_code}")
    print(f"{pairs} pairs of role, scope, route and method; refused {dict(refused)}")
    assert wrong == []
    assert pairs > 1000 and refused.total() > 250


@pytest.mark.django_db
def test_nobody_gets_past_a_declared_route_without_signing_in() -> None:
    client, wrong = Client(raise_request_exception=False), []
    for route in PAGES + REST:
        if route.needs and route.needs.role is None:
            continue
        for method in route.methods:
            answer = client.generic(method, route.address("ours", 1), "", content_type="application/json")
            if answer.status_code not in (401, 405) and not answer.headers.get("Location", "").startswith(
                "/login/"
            ):
                wrong.append(f"{method} {route.name}: {answer.status_code}")
    assert wrong == []

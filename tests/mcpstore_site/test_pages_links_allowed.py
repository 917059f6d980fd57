"""Nobody is shown a link or a button that ends in a refusal: a walk over all that is shown."""

from __future__ import annotations

import html
import re
from collections import deque
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from registry.access.roles import at_least
from registry.core.scope import Scope
from registry.models import Agent, AgentService, ConfigVersion, Role
from tests.support.pages import as_if_seen, make_service, make_worker
from tests.support.planting import CANARY, plant
from tests.support.scopes import TEAM_A, person_of

pytestmark = pytest.mark.django_db
FOLLOWED = re.compile(r'<(?!link)[^>]*?\s(?:href|hx-get)="([^"#][^"]*)"')
SENT = re.compile(
    r'<form\b(?=[^>]*method="post")[^>]*?\saction="([^"]+)"'
    r'|<[^>]*?\s(?:formaction|hx-post|hx-put|hx-patch|hx-delete)="([^"]+)"'
)
MOST = 600
PAGES_OF_ONE = 10


def walker(role: Role, scope: Scope) -> Client:
    client = Client()
    client.force_login(person_of(role, scope, "ann"), "django.contrib.auth.backends.ModelBackend")
    as_if_seen(client)
    return client


def inside(page: str, found: str) -> str:
    """The address of this console that is meant; empty for any other."""
    address = urljoin(page, html.unescape(found))
    parts = urlsplit(address)
    return (
        "" if parts.netloc or parts.scheme or parts.path.startswith("/static/") else address.partition("#")[0]
    )


def kind(address: str) -> str:
    """Addresses of one kind: the same view with the same names of parameters."""
    parts = urlsplit(address)
    keys = sorted(pair.partition("=")[0] for pair in parts.query.split("&"))
    return f"{resolve(parts.path).view_name} {keys}"


def walk(client: Client) -> tuple[dict[str, tuple[int, str]], dict[str, str]]:
    """By address its status and the page that led there, and by address of a form the page that has it."""
    answers, forms, seen = dict[str, tuple[int, str]](), dict[str, str](), dict[str, int]()
    todo = deque([("/", "")])
    while todo and len(answers) < MOST:
        address, origin = todo.popleft()
        if address in answers:
            continue
        answer = client.get(address)
        answers[address] = answer.status_code, origin
        if answer.status_code in (301, 302):
            todo.append((inside(address, answer.headers["Location"]), address))
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            if answer.streaming:
                answer.getvalue()
            continue
        text = answer.content.decode()
        for sent in SENT.finditer(text):
            there = inside(address, sent[1] or sent[2]).partition("?")[0]
            if there.startswith("/api/"):
                todo.append((there, address))
            else:
                forms.setdefault(there, address)
        for link in FOLLOWED.findall(text):
            if (there := inside(address, link)) and there not in answers:
                seen[kind(there)] = seen.get(kind(there), 0) + 1
                if seen[kind(there)] <= PAGES_OF_ONE:
                    todo.append((there, address))
    return answers, forms


@pytest.fixture
def fleet() -> None:
    """A service in the scope with all that there can be of one, one outside, and rows of all together."""
    ours = plant(tags=["team-a"])
    make_service("plain", tags=["team-a"])
    make_service("theirs", tags=["team-b"])
    AgentService.objects.create(agent=Agent.objects.get(name=CANARY), service_name="plain")
    ConfigVersion.objects.update(number=1)
    make_worker()
    assert ours.name


def may(address: str, role: Role, scope: Scope) -> bool:
    needs = getattr(resolve(address).func, "needs", None)
    assert needs, address
    return needs.role is None or (at_least(role, needs.role) and not (needs.unscoped and scope))


@pytest.mark.parametrize("scope", [TEAM_A, Scope()], ids=["of a scope", "of all"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMIN])
def test_no_link_and_no_button_leads_to_a_refusal(fleet: None, role: Role, scope: Scope) -> None:
    if role == Role.ADMIN and scope:
        return
    answers, forms = walk(walker(role, scope))
    dead = {address: found for address, found in answers.items() if found[0] >= 400}
    useless = {address: page for address, page in forms.items() if not may(address, role, scope)}
    print(f"{role.value}: {len(answers)} addresses, {len(forms)} forms")
    assert (dead, useless) == ({}, {})
    assert len(answers) > 60 and len(forms) > 2

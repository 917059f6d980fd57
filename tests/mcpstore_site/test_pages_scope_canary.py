"""0 bytes of `team-b` for people of `team-a`: a canary in every field, looked for at every address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.live import fragments
from lifecycle.live.feed import feed
from lifecycle.models import (
    AlertRule,
    Command,
    Delivery,
    Episode,
    FeedItem,
    FleetCallRollup,
    FleetRollup,
    MassFailure,
)
from registry.access import tokens
from registry.models import (
    Agent,
    AgentService,
    AuditEntry,
    AuditMember,
    ConfigVersion,
    Dependency,
    Role,
    Service,
)
from registry.models.limits import within
from registry.models.scoped import Scoped
from tests.mcpstore_site.routes import Route, pages, rest
from tests.support.pages import make_change, make_service, make_tool, make_worker, signed_in
from tests.support.planting import CANARY, PK, of_service, plant
from tests.support.scopes import TEAM_A, person_of, scoped_client

pytestmark = pytest.mark.django_db
THEIRS = f"{CANARY}-svc"
LEFT_OUT = {"logout", "readyz"}
ROUTES = [route for route in [*pages(), *rest()] if "GET" in route.methods and route.name not in LEFT_OUT]
# Part of the canary, so that what a page repeats of the question is not taken for an answer.
QUERIES = (
    f"?q={CANARY[:4]}&search={CANARY[:4]}",
    f"?tag=team-b&window=7d&range=7d&sort=failing&quiet=1&page_size=100&limit=100&channel={PK}",
)
NOT_OF_A_SERVICE = {
    "Secret": "only entries name them; no page lists secrets",
    "KeptSecret": "only entries name them; no page lists secrets",
}


@pytest.fixture
def fleet() -> Service:
    """Ours depends on theirs and waits for it; theirs needs ours too."""
    theirs = plant()
    entry = {"url": "https://ours.example/mcp", "dependsOn": [THEIRS]}
    ours = make_service("ours", State.RECONNECTING, tags=["team-a"], entry=entry, held_by=THEIRS)
    Dependency.objects.create(service=ours, depends_on=theirs)
    make_tool(ours)
    make_change(ours, State.RECONNECTING, f"its dependency is back: {THEIRS}")
    said_of(ours)
    make_worker(
        connecting={
            "lanes": [{"name": "connect", "limit": 1, "inside": [PK], "waiting": [], "waiting_count": 9}]
        }
    )
    return ours


def said_of(ours: Service) -> None:
    """What names the others where we are spoken of."""
    now, rule = (
        timezone.now(),
        AlertRule.objects.create(name="down", condition="state-entered", created_at=timezone.now()),
    )
    told = f"ours is down (needed by 1 service: {THEIRS})"
    episode = Episode.objects.create(
        rule=rule, service=ours, state="firing", opened_at=now, fired_at=now, summary=told
    )
    data = {"message": told, "dependents": [THEIRS], "service": "ours"}
    channel = Delivery.objects.get().channel
    channel.__class__.objects.update(name="on-call", summary="on-call")
    due = {"created_at": now, "next_attempt_at": now, "expires_at": now}
    Delivery.objects.create(channel=channel, episode=episode, kind="firing", payload={"data": data}, **due)
    error = f"{THEIRS} depends on ours. Take the dependency out there first."
    Command.objects.create(
        service=ours, kind="remove", state="failed", error=error, requested_by="ann", created_at=now
    )
    agent = Agent.objects.create(name="claude", created_at=now, updated_at=now)
    for name in ("ours", THEIRS):
        AgentService.objects.create(agent=agent, service_name=name)


def addresses(route: Route) -> Iterator[str]:
    """For us and for them, with numbers of theirs."""
    if all(is_number for _part, is_number in route.parts):
        yield from (route.address("", PK) + query for query in ("", *QUERIES))
        return
    for name in ("claude", CANARY) if "agent" in route.name else ("ours", THEIRS):
        yield route.address(name, PK)


def body(answer: Any) -> str:
    raw: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return raw.decode("utf-8", "replace")


def unasked(text: str, address: str) -> str:
    """What an answer says beside what it was asked for: that there is no such thing."""
    asked = THEIRS if THEIRS in address else CANARY if f"/{CANARY}" in address else ""
    return text.replace(asked, "") if asked else text


def leaks(client: Client, **headers: Any) -> dict[str, str]:
    """Addresses whose answer has the canary, apart from the address itself, and a piece of it."""
    found = {}
    for route in ROUTES:
        for address in addresses(route):
            answer = client.get(address, **headers)
            text = unasked(body(answer) + str(answer.headers), address)
            if CANARY in text:
                at = text.index(CANARY)
                found[address] = text[max(at - 80, 0) : at + 40]
    return found


def test_no_address_shows_a_byte_of_others(fleet: Service) -> None:
    """An operator's pages say all that a viewer's do."""
    assert leaks(scoped_client(Role.OPERATOR)) == {}
    read = sum(1 for route in ROUTES for _address in addresses(route))
    print(f"{read} addresses of {len(ROUTES)} routes read, 0 bytes of the canary")


def test_the_canary_is_there_to_be_seen(fleet: Service) -> None:
    """Or the others would prove nothing."""
    assert len(leaks(signed_in(Role.ADMIN))) > 60


def test_a_token_of_the_scope_shows_no_byte_of_others(fleet: Service) -> None:
    token = tokens.issue(person_of(Role.OPERATOR), Role.OPERATOR, timezone.now())
    headers = {"Authorization": f"Bearer {token}"}
    client = Client()
    for route in (*rest(), Route("metrics", ("GET",), None, ())):
        if "GET" in route.methods:
            for address in addresses(route):
                answer = client.get(address, headers=headers)
                assert CANARY not in unasked(body(answer), address), address


def test_no_frame_of_the_live_feed_shows_a_byte_of_others(fleet: Service) -> None:
    from lifecycle.live.hub.hub import Hub
    from lifecycle.live.socket.client import Client as Socket
    from lifecycle.live.socket.client import View

    async def nowhere(text: str) -> None: ...

    kinds = ("service", "service-head", "service-more", "service-logs", "node", "need", "command", "batch")
    shown = {f"{kind}-{number}" for kind in kinds for number in (PK, fleet.pk)} | fragments.SINGLE.keys()
    hub, cursor = Hub(), feed.Cursor(feed.place())
    client = Socket(nowhere, view=View(limits=frozenset({TEAM_A})))
    client.shown = fragments.known(shown)
    hub.clients[client] = lambda code: None
    for kind in FeedItem.Kind.values:
        feed.note_all(kind, [0, PK, fleet.pk], timezone.now())
    made, _used = hub._changed(cursor, hub._shown(), beats=True, sweeps=True)
    assert "ours" in str(made) and CANARY not in str(made)
    polled = scoped_client(Role.VIEWER).get("/live/poll/", {"show": ",".join(sorted(shown))}).content.decode()
    assert "ours" in polled and CANARY not in polled


def test_every_table_that_says_something_of_a_service_is_limited() -> None:
    """Those with a key to a service, or to a row of such a table."""
    limited = {model for model in apps.get_models() if isinstance(model._default_manager, Scoped)}
    bare = {
        model.__name__
        for model in apps.get_models()
        if model not in limited and any(one.related_model in limited for one in model._meta.concrete_fields)
    }
    assert bare == set(NOT_OF_A_SERVICE)
    assert len(of_service()) > 25


def test_no_row_of_others_is_read(fleet: Service) -> None:
    """Each table by itself: what a page does not show today it may show tomorrow."""
    with within(frozenset({TEAM_A})):
        for model in of_service():
            if model.__name__ not in NOT_OF_A_SERVICE:
                assert not model._default_manager.filter(service=PK).exists(), model.__name__


def test_what_is_of_all_services_together_is_read_by_nobody_of_a_scope(fleet: Service) -> None:
    with within(frozenset({TEAM_A})):
        for model in (AuditEntry, AuditMember, ConfigVersion):
            assert model._base_manager.exists() and not model._default_manager.exists(), model.__name__
    of_all = (AuditEntry, AuditMember, ConfigVersion, FleetRollup, FleetCallRollup, MassFailure)
    assert all(model.within(frozenset({TEAM_A})) == Q(pk__in=()) for model in of_all)

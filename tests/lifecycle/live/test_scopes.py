"""The live feed renders once for all who see the same services, and tells nobody of others."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from django.test import Client as Browser
from django.utils import timezone
from django.utils.translation import get_language

from lifecycle.core.machine.states import State
from lifecycle.live import fragments
from lifecycle.live.feed import feed
from lifecycle.live.hub import hub as hub_module
from lifecycle.live.hub.hub import Hub
from lifecycle.live.socket.access import language_of, signed_in
from lifecycle.live.socket.client import RESTARTING, SIGNED_OUT, Client, View
from lifecycle.models import FeedItem
from registry.core.scope import EVERYTHING, Limits
from registry.models import Role
from tests.support.pages import make_service
from tests.support.scopes import TEAM_A, scoped_client

pytestmark = pytest.mark.django_db
LIMITED = frozenset({TEAM_A})
ALL, PART, CHINESE = View(), View(LIMITED), View(language="zh-hans")


async def nowhere(text: str) -> None:
    """A browser that is not there."""


def hub_of(*views: View, showing: set[str]) -> Hub:
    hub = Hub()
    for one in views:
        client = Client(nowhere, view=one)
        client.shown = fragments.known(showing)
        hub.clients[client] = lambda code: None
    return hub


def test_each_view_is_rendered_once_and_has_its_own_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = make_service("ours", tags=["team-a"]), make_service("theirs", tags=["team-b"])
    cursor, now = feed.Cursor(feed.place()), timezone.now()
    feed.note_all(FeedItem.Kind.SERVICE, [ours.pk, theirs.pk], now)
    hub = hub_of(ALL, PART, PART, ALL, showing={f"service-{ours.pk}", f"service-{theirs.pk}"})
    rendered, render = [], fragments.render

    def counted(names: Collection[str]) -> dict[str, str]:
        rendered.append(names)
        return render(names)

    monkeypatch.setattr(fragments, "render", counted)
    made, _used = hub._changed(cursor, hub._shown(), beats=False, sweeps=False)
    assert len(rendered) == 2
    assert set(made[ALL]) == {f"service-{ours.pk}", f"service-{theirs.pk}"}
    assert set(made[PART]) == {f"service-{ours.pk}"}
    assert "theirs" not in str(made[PART])


def test_each_language_is_rendered_once_for_all_who_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = make_service("ours")
    cursor = feed.Cursor(feed.place())
    feed.note(FeedItem.Kind.SERVICE, ours.pk, timezone.now())
    hub = hub_of(ALL, CHINESE, CHINESE, ALL, CHINESE, showing={f"service-{ours.pk}"})
    rendered, render = list[str | None](), fragments.render

    def counted(names: Collection[str]) -> dict[str, str]:
        rendered.append(get_language())
        return render(names)

    monkeypatch.setattr(fragments, "render", counted)
    made, _used = hub._changed(cursor, hub._shown(), beats=False, sweeps=False)
    assert sorted(map(str, rendered)) == ["en", "zh-hans"]
    assert made[ALL] != made[CHINESE] and get_language() == "en"


@pytest.mark.parametrize(
    ("query", "language"),
    [(b"after=4&language=zh-hans", "zh-hans"), (b"language=en", "en"), (b"language=xx", "en"), (b"", "en")],
)
def test_a_socket_speaks_as_its_page(query: bytes, language: str) -> None:
    assert language_of({"query_string": query}) == language


def test_the_counts_of_a_view_are_of_its_services() -> None:
    make_service("ours", tags=["team-a"])
    for number in range(6):
        make_service(f"theirs-{number}", State.UNREACHABLE, tags=["team-b"])
    hub = hub_of(ALL, PART, showing={fragments.COUNTS})
    made, _used = hub._changed(feed.Cursor(feed.place()), hub._shown(), beats=True, sweeps=True)
    assert ">7<" in made[ALL][fragments.COUNTS] and ">7<" not in made[PART][fragments.COUNTS]
    assert ">6<" not in made[PART][fragments.COUNTS]


def test_what_happens_to_others_makes_no_page_of_a_view_stir() -> None:
    theirs = make_service("theirs", tags=["team-b"])
    cursor = feed.Cursor(feed.place())
    for kind in (FeedItem.Kind.SERVICE, FeedItem.Kind.LOG, FeedItem.Kind.COMMAND, FeedItem.Kind.ALERT):
        feed.note(kind, theirs.pk, timezone.now())
    shown = {f"service-{theirs.pk}", f"service-logs-{theirs.pk}", f"command-{theirs.pk}", fragments.EVENTS}
    hub = hub_of(PART, showing=shown)
    made, _used = hub._changed(cursor, hub._shown(), beats=False, sweeps=False)
    assert made == {PART: {}}


def test_polling_is_limited_too() -> None:
    ours, theirs = make_service("ours", tags=["team-a"]), make_service("theirs", tags=["team-b"])
    shown = f"service-{ours.pk},service-{theirs.pk},service-head-{theirs.pk},node-{theirs.pk}"
    answer = scoped_client(Role.VIEWER).get(f"/live/poll/?show={shown}").content.decode()
    assert "ours" in answer and "theirs" not in answer


def test_a_session_knows_its_limits() -> None:
    browser: Browser = scoped_client(Role.VIEWER)
    key = browser.session.session_key or ""
    assert signed_in([key, "another"]) == {key: LIMITED}


def test_without_scopes_there_is_one_view() -> None:
    hub = hub_of(*[ALL] * 1000, showing={f"service-{number}" for number in range(1, 51)})
    shown = hub._shown()
    assert list(shown) == [ALL] and len(shown[ALL]) == 50 + len(fragments.ALWAYS)


@pytest.mark.parametrize(("now", "code"), [(EVERYTHING, None), (LIMITED, RESTARTING), (None, SIGNED_OUT)])
async def test_an_open_page_comes_back_when_its_scope_is_another(
    monkeypatch: pytest.MonkeyPatch, now: Limits | None, code: int | None
) -> None:
    monkeypatch.setattr(hub_module, "signed_in", lambda keys: {} if now is None else dict.fromkeys(keys, now))
    hub, closed = Hub(), list[int]()
    hub.clients[Client(nowhere, "key")] = closed.append
    await hub._verify()
    assert closed == ([] if code is None else [code])

"""The live socket of a real web process: who may listen, and what is heard when."""

from __future__ import annotations

import json
import statistics
import time

import httpx2
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets import Origin
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from lifecycle.core.machine.states import State
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, ServiceState
from registry.models import Service
from tests.support.web import MakeService, Web, heard, heard_with, move, show, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def refusal(web: Web, cookie: str, origin: str | None, path: str = "/live/") -> int:
    with pytest.raises(InvalidStatus) as caught:
        connect(
            f"ws://127.0.0.1:{web.port}{path}",
            origin=None if origin is None else Origin(origin),
            additional_headers={"Cookie": cookie},
            proxy=None,
        )
    return caught.value.response.status_code


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:1", "http://localhost.evil.example", "null", None]
)
def test_a_page_of_another_site_hears_nothing(web: Web, cookie: str, origin: str | None) -> None:
    assert refusal(web, cookie, origin) == 403


def test_nobody_listens_without_signing_in(web: Web, cookie: str) -> None:
    assert refusal(web, "", web.address) == 403
    assert refusal(web, "sessionid=madeup", web.address) == 403


def test_an_inactive_user_does_not_listen(web: Web, cookie: str) -> None:
    User.objects.update(is_active=False)
    assert refusal(web, cookie, web.address) == 403


def test_another_address_is_no_socket(web: Web, cookie: str) -> None:
    assert refusal(web, cookie, web.address, "/elsewhere/") == 403


def test_a_commit_of_another_process_is_heard_within_a_second(
    web: Web, cookie: str, shown_service: MakeService
) -> None:
    service = shown_service()
    with web.socket(cookie) as socket:
        show(socket, f"service-{service.pk}", "count-all")
        took = []
        for state in [State.RECONNECTING, State.HEALTHY] * 5:
            last = move(service, state)
            began = time.monotonic()
            frame = heard_with(socket, f'data-state="{state}"')
            took.append(time.monotonic() - began)
            assert frame["id"] <= last  # less, if a sweep was quicker
            assert f'id="service-{service.pk}"' in frame["html"]
            assert 'id="count-HEALTHY" hx-swap-oob="true"' in frame["html"]
            socket.send(json.dumps({"ack": 1000}))
    assert max(took) < 1, took
    assert statistics.median(took) < 0.25, took


def test_only_shown_rows_are_pushed(web: Web, cookie: str, shown_service: MakeService) -> None:
    shown, other = shown_service("shown"), shown_service("other")
    with web.socket(cookie) as socket:
        show(socket, f"service-{shown.pk}")
        move(other, State.WARNING)
        move(shown, State.WARNING)
        frame = heard_with(socket, 'data-state="WARNING"')
        assert f"service-{other.pk}" not in frame["html"]


def test_what_was_missed_is_heard_after_reconnecting(
    web: Web, cookie: str, shown_service: MakeService
) -> None:
    service = shown_service()
    before = feed.place()
    missed = move(service, State.UNREACHABLE)
    with web.socket(cookie, after=before) as socket:
        frame = show(socket, f"service-{service.pk}")
        assert 'data-state="UNREACHABLE"' in frame["html"]
        assert frame["id"] == missed


def test_a_page_that_shows_more_hears_the_last_seconds_of_that(
    web: Web, cookie: str, shown_service: MakeService
) -> None:
    first, second = shown_service("first"), shown_service("second")
    with web.socket(cookie) as socket:
        show(socket, f"service-{first.pk}")
        move(second, State.UNREACHABLE)
        socket.send(json.dumps({"show": [f"service-{first.pk}", f"service-{second.pk}"]}))
        heard_with(socket, 'data-state="UNREACHABLE"')


def test_a_gap_that_is_too_large_asks_for_the_list_and_renews_all(
    web: Web, cookie: str, shown_service: MakeService
) -> None:
    service, now = shown_service(), timezone.now()
    before = move(service, State.WARNING)
    rows = [FeedItem(kind=FeedItem.Kind.WORKER, ref=1, at=now) for _ in range(feed.TOO_MANY + 1)]
    FeedItem.objects.bulk_create(rows)
    with web.socket(cookie, after=before) as socket:
        frame = show(socket, f"service-{service.pk}")
        assert 'data-state="WARNING"' in frame["html"]
        assert "list" in frame["events"]


def test_a_new_service_asks_for_the_list_and_a_finished_command_for_its_outcome(
    web: Web, cookie: str
) -> None:
    with web.socket(cookie) as socket:
        show(socket, "count-all", "command-7")
        feed.note(FeedItem.Kind.LIST, 0, timezone.now())
        assert 'id="count-all"' in heard_with(socket, "list")["html"]
        feed.note(FeedItem.Kind.COMMAND, 8, timezone.now())
        feed.note(FeedItem.Kind.COMMAND, 7, timezone.now())
        assert "command-8" not in heard_with(socket, "command-7")["events"]


def test_a_row_that_the_feed_forgot_is_corrected_within_fifteen_seconds(
    web: Web, cookie: str, shown_service: MakeService
) -> None:
    """Twice, for the first look at what is shown comes at once."""
    service = shown_service()
    with web.socket(cookie) as socket:
        show(socket, f"service-{service.pk}")
        for version, state in ((2, State.WARNING), (3, State.RECONNECTING)):
            ServiceState.objects.filter(pk=service.pk).update(state=state, version=version)
            heard_with(socket, f'data-state="{state}"', 15)


def test_a_quiet_socket_gives_a_sign_of_life_with_the_servers_time(web: Web, cookie: str) -> None:
    with web.socket(cookie) as socket:
        show(socket)
        assert heard(socket, 6)["now"].endswith("Z")


def test_a_browser_that_confirms_nothing_is_sent_eight_frames_and_then_only_the_newest(
    web: Web, cookie: str, shown_service: MakeService
) -> None:
    service = shown_service()
    with web.socket(cookie) as socket:
        show(socket, f"service-{service.pk}")
        count = 1
        for _ in range(12):
            move(service, State.WARNING)
            move(service, State.RECONNECTING)
            try:
                while heard(socket, 0.3):
                    count += 1
            except TimeoutError:
                continue
        assert count == 8
        last = move(service, State.UNREACHABLE)
        time.sleep(0.3)
        socket.send(json.dumps({"ack": 8}))
        frame = heard_with(socket, "UNREACHABLE", 1)
        assert frame["id"] == last
        assert frame["html"].count(f'id="service-{service.pk}"') == 1


@pytest.mark.parametrize(
    "message", ["", "{", "[]", "[" * 5000, '{"show": [1, null, {}]}', '{"ack": "x"}', "x" * 40000]
)
def test_nonsense_is_ignored(web: Web, cookie: str, shown_service: MakeService, message: str) -> None:
    service = shown_service()
    with web.socket(cookie) as socket:
        socket.send(message)
        socket.send(json.dumps({"show": [f"service-{service.pk}"]}))
        move(service, State.WARNING)
        heard_with(socket, 'data-state="WARNING"')


def test_polling_hears_the_same(web: Web, cookie: str, shown_service: MakeService) -> None:
    service = shown_service()
    before = feed.place()
    last = move(service, State.WARNING)
    with httpx2.Client(base_url=web.address, headers={"Cookie": cookie}, trust_env=False) as client:
        names = f"service-{service.pk},count-all"
        answer = client.get("/live/poll/", params={"after": before, "show": names})
        assert answer.status_code == 200
        assert any('data-state="WARNING"' in html for html in answer.json()["html"])
        assert answer.json()["id"] == last
        FeedItem.objects.update(at=timezone.now() - 2 * feed.OVERLAP)
        assert client.get("/live/poll/", params={"after": last, "show": names}).json()["html"] == []
        whole = client.get("/live/poll/", params={"show": names}).json()["html"]
        assert any('id="count-all"' in html for html in whole)


def test_polling_signed_out_says_so(web: Web, cookie: str) -> None:
    Session.objects.all().delete()
    answer = httpx2.get(f"{web.address}/live/poll/", headers={"Cookie": cookie}, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "signed_out"


def test_a_removed_service_asks_for_the_list(web: Web, cookie: str, shown_service: MakeService) -> None:
    service = shown_service()
    with web.socket(cookie) as socket:
        show(socket, f"service-{service.pk}")
        Service.objects.filter(pk=service.pk).update(removed_at=timezone.now())
        move(service, State.DISCONNECTED)
        heard_with(socket, "list")


@pytest.mark.parametrize("end", ["signed out", "password changed", "deactivated", "session idle"])
def test_a_socket_closes_within_5_s_of_the_end_of_its_session(web: Web, cookie: str, end: str) -> None:
    with web.socket(cookie) as socket, web.socket(sign_in("bob")) as other:
        user = User.objects.get(username="ann")
        key = cookie.partition("=")[2]
        if end == "signed out":
            Session.objects.filter(pk=key).delete()
        elif end == "password changed":
            user.set_password("staple of another kind")
            user.save()
        elif end == "deactivated":
            User.objects.filter(pk=user.pk).update(is_active=False)
        else:
            Session.objects.filter(pk=key).update(expire_date=timezone.now())
        began = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=10)
        assert time.monotonic() - began < 5
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
        assert other.ping().wait(5)

"""A real web process on the test database, and sockets into it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone
from websockets import Origin
from websockets.sync.client import ClientConnection, connect

from lifecycle.core.machine.states import State
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, ServiceState
from registry.models import Membership, Role, Service
from tests.support.ports import free_port
from tests.support.tools import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.browser import BrowserPage


class Web:
    """`manage.py serve` as a child, reading the same database file as the test."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "MCPSTORE_PORT": str(self.port),
            "DATABASE_URL": f"sqlite:///{settings.DATABASES['default']['NAME']}",
        }
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=self.environment
        )
        self.wait_until_up()

    def wait_until_up(self) -> None:
        import httpx2

        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                httpx2.get(f"{self.address}/healthz", trust_env=False).raise_for_status()
                return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError("the web process does not answer")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def socket(self, cookie: str, *, after: int | None = None, origin: str | None = None) -> ClientConnection:
        query = "" if after is None else f"?after={after}"
        return connect(
            f"ws://127.0.0.1:{self.port}/live/{query}",
            origin=Origin(origin or self.address),
            additional_headers={"Cookie": cookie},
            proxy=None,
        )


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    server = Web()
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def cookie(transactional_db: None) -> str:
    """The session cookie of somebody who is signed in."""
    return sign_in("ann")


@pytest.fixture(scope="module")
def rows_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, which Django would not let us use rows beside."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def operator_tab(
    rows_beside_playwright: None, chromium: Browser, cookie: str, web: Web
) -> Iterator[BrowserPage]:
    """Of an operator; whatever its page reports fails the test."""
    from tests.support.browser import BrowserPage

    tab = BrowserPage(chromium)
    name, _, value = cookie.partition("=")
    Membership.objects.update_or_create(user=User.objects.get(), defaults={"role": Role.OPERATOR})
    tab.context.add_cookies([{"name": name, "value": value, "url": web.address}])
    yield tab
    tab.close()
    assert tab.problems() == []


def sign_in(name: str) -> str:
    """The session cookie of a new user."""
    client = Client()
    client.force_login(User.objects.create_user(name), "django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


MakeService = Callable[..., Service]


@pytest.fixture
def shown_service(transactional_db: None) -> MakeService:
    def make(name: str = "weather", state: State = State.HEALTHY) -> Service:
        now = timezone.now()
        service = Service.objects.create(
            name=name,
            transport="sse",
            endpoint="http://localhost/sse",
            created_at=now,
            updated_at=now,
        )
        ServiceState.objects.create(service=service, state=state, state_entered_at=now)
        return service

    return make


def move(service: Service, state: State, now: datetime | None = None) -> int:
    """Commit a new state and its feed row, as the worker does; the row's id."""
    now = now or timezone.now()
    with transaction.atomic():
        ServiceState.objects.filter(pk=service.pk).update(state=state, state_entered_at=now)
        feed.note(FeedItem.Kind.SERVICE, service.pk, now)
        return feed.place()


def show(socket: ClientConnection, *names: str) -> dict[str, Any]:
    """Say what the page shows; the first frame, which answers."""
    socket.send(json.dumps({"show": list(names)}))
    return heard(socket)


def heard(socket: ClientConnection, seconds: float = 5) -> dict[str, Any]:
    """The next frame."""
    frame: dict[str, Any] = json.loads(socket.recv(timeout=seconds))
    return {**frame, "html": "".join(frame["html"])}


def heard_with(socket: ClientConnection, text: str, seconds: float = 5) -> dict[str, Any]:
    """The next frame whose HTML or events hold *text*; each frame on the way is confirmed."""
    end, count = time.monotonic() + seconds, 0
    while (left := end - time.monotonic()) > 0:
        frame = heard(socket, left)
        count += 1
        if text in frame["html"] or text in frame["events"]:
            return frame
    raise AssertionError(f"no frame with {text!r}")

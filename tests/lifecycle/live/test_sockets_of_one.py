"""One who opens sockets without end gets a bounded number, and what they cost is given back."""

from __future__ import annotations

from contextlib import ExitStack, suppress

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from lifecycle.engine.host import file_limits
from tests.support.console import eventually
from tests.support.web import MakeService, Web, show, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def opened(web: Web, cookie: str, count: int, stack: ExitStack) -> list[ClientConnection]:
    found = []
    for _ in range(count):
        with suppress(InvalidStatus):
            found.append(stack.enter_context(web.socket(cookie)))
    return found


def test_a_session_has_a_bounded_number_of_sockets_and_others_are_let_in(
    web: Web, cookie: str, shown_service: MakeService
) -> None:
    names = [f"service-{shown_service(f's{n}').pk}" for n in range(30)]
    process, other = psutil.Process(web.process.pid), sign_in("eve")
    with ExitStack() as stack:
        sockets = opened(web, cookie, file_limits.SOCKETS_OF_ONE + 20, stack)
        assert len(sockets) == file_limits.SOCKETS_OF_ONE
        before = process.memory_info().rss
        for socket in sockets:
            show(socket, *names)
        assert len(opened(web, other, 1, stack)) == 1
        assert process.memory_info().rss - before < 100e6
    with ExitStack() as stack:
        assert eventually(lambda: opened(web, cookie, 1, stack), "there is room again")
    eventually(lambda: process.memory_info().rss - before < 30e6, "memory is given back")

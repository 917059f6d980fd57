"""Names of hosts, from the address that a person typed to the socket that is opened."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings
from django.utils import timezone

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.letter import Letter, SendingError
from lifecycle.alerts.senders.webhook import WebhookSender
from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.connection import ConnectionFault
from tests.doubles.fault_server import FaultServer
from tests.support.holding import Holder, http
from tests.support.receivers import WebhookReceiver

NAME = "service.internal.test"
METADATA, HERE = "169.254.169.254", "127.0.0.1"
Answers = Callable[..., None]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was given to the sockets."""
    hosts: list[str] = []
    plain = asyncio.BaseEventLoop.create_connection

    async def connect(self: Any, factory: Any, host: str, *more: Any, **named: Any) -> Any:
        hosts.append(host)
        return await plain(self, factory, host, *more, **named)

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", connect)
    return hosts


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Gives NAME these addresses; everything else is asked of the system."""
    system = socket.getaddrinfo

    def says(*addresses: str) -> None:
        def look_up(host: Any, port: Any, *more: Any, **named: Any) -> Any:
            if host != NAME:
                return system(host, port, *more, **named)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return says


def rules(strict: bool, *allow: str) -> Any:
    return override_settings(EGRESS_STRICT=strict, EGRESS_ALLOW=allow)


@pytest.mark.parametrize(
    ("strict", "allow", "answers"),
    [
        (False, [], [HERE]),
        (True, ["127.0.0.0/8"], [HERE]),
        (False, [], [METADATA, HERE]),
        (True, ["127.0.0.0/8"], ["10.0.0.1", f"::ffff:{METADATA}", HERE]),
    ],
)
async def test_a_service_by_name_is_reached_at_an_allowed_address_alone(
    tmp_path: Any,
    name_server: Answers,
    dialled: list[str],
    strict: bool,
    allow: list[str],
    answers: list[str],
) -> None:
    name_server(*answers)
    with rules(strict, *allow):
        holder = Holder(tmp_path)
    async with FaultServer() as server:
        await holder.open(http(f"http://{NAME}:{server.port}/mcp"))
        assert server.heard[0][0]["host"] == f"{NAME}:{server.port}"
        await holder.aclose()
    assert set(dialled) == {HERE}


@pytest.mark.parametrize(
    ("strict", "allow", "answers"),
    [
        (True, [], [HERE]),
        (True, ["10.0.0.0/8"], [HERE, METADATA]),
        (False, ["0.0.0.0/0", "::/0"], [METADATA]),
        (
            False,
            ["0.0.0.0/0", "::/0"],
            [f"::ffff:{METADATA}", "fe80::1", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"],
        ),
        (False, [], ["100.100.100.200", "::169.254.169.254"]),
    ],
)
async def test_a_name_of_what_may_not_be_reached_opens_no_socket(
    tmp_path: Any,
    name_server: Answers,
    dialled: list[str],
    strict: bool,
    allow: list[str],
    answers: list[str],
) -> None:
    name_server(*answers)
    with rules(strict, *allow):
        holder = Holder(tmp_path)
    with pytest.raises(ConnectionFault) as caught:
        await holder.open(http(f"http://{NAME}:9/mcp"), timeout=3)
    assert caught.value.fault.kind is Kind.POLICY
    assert dialled == []
    await holder.aclose()


async def test_a_service_that_redirects_is_not_followed(holder: Holder, dialled: list[str]) -> None:
    async with FaultServer("redirect") as server:
        with pytest.raises(ConnectionFault):
            await holder.open(http(server.url), timeout=3)
    assert set(dialled) == {HERE}


@pytest.mark.parametrize(
    ("allow", "answers", "arrives"),
    [
        ([], [HERE], False),
        (["127.0.0.0/8"], [HERE], True),
        (["127.0.0.0/8"], [METADATA, HERE], True),
        (["0.0.0.0/0"], [METADATA], False),
    ],
)
async def test_a_webhook_by_name_goes_to_an_allowed_address_or_nowhere(
    name_server: Answers, dialled: list[str], allow: list[str], answers: list[str], arrives: bool
) -> None:
    name_server(*answers)
    with rules(False, *allow), WebhookReceiver() as receiver:
        config = Config(url=receiver.url.replace(HERE, NAME), secret=channel_config.new_secret())
        sender = WebhookSender()
        letter = Letter(
            message_id=uuid4(), thread=None, kind="test", payload={}, config=config, now=timezone.now()
        )
        try:
            await sender(letter)
            sent = True
        except SendingError as exc:
            sent = False
            assert "not sent: " in str(exc)
        await sender.aclose()
    assert (sent, dialled) == ((True, [HERE]) if arrives else (False, []))

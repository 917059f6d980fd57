"""Whether the worker's own network is there."""

from __future__ import annotations

import errno
import socket
import time

import httpx2
import pytest

from lifecycle.core.health.inconclusive import Paths
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.faults.faults import classify
from lifecycle.engine.worker import network
from lifecycle.engine.worker.network import OwnNetwork, paths, remote_host

ON = Paths(address=True, default_route=True)
OFF = Paths(address=False, default_route=False)
NO_ROUTE = Fault(kind=Kind.REFUSED, message="not reachable", lost=True, no_way=True)
TIMEOUT = Fault(kind=Kind.TIMEOUT, message="no answer in time")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:8000/mcp", ""),
        ("http://localhost/mcp", ""),
        ("http://[::1]:9/", ""),
        ("https://Example.ORG/mcp", "example.org"),
        ("http://192.168.1.5/", "192.168.1.5"),
        ("", ""),
    ],
)
def test_only_other_machines_need_a_network(url: str, host: str) -> None:
    assert remote_host(url) == host


@pytest.mark.parametrize(
    "number", [errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL]
)
def test_an_error_before_anything_left_this_machine_is_known_as_such(number: int) -> None:
    cause = OSError(number, "no way")
    error = httpx2.ConnectError("failed")
    error.__cause__ = cause
    assert classify(error).no_way
    silent = httpx2.ConnectError("failed")
    silent.__cause__ = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    unknown = httpx2.ConnectError("failed")
    unknown.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert (classify(silent).no_way, classify(unknown).no_way) == (True, False)


def test_this_machine_tells_what_it_has() -> None:
    assert isinstance(paths().address, bool)


def test_when_the_cable_is_pulled_nobody_else_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LOOK_EVERY", 0.0)
    has = [ON]
    own = OwnNetwork(lambda: has[-1])
    own.answered("a.example")
    assert not own.gone("a.example", TIMEOUT)
    has.append(OFF)
    assert own.gone("a.example", TIMEOUT)
    assert own.gone("b.example", NO_ROUTE)
    assert not own.gone("", NO_ROUTE)
    assert not own.gone("a.example", Fault(kind=Kind.HTTP, message="503"))
    has.append(ON)
    assert not own.gone("a.example", TIMEOUT)


def test_a_host_that_stays_out_of_reach_while_others_answer_is_itself_to_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    own = OwnNetwork(lambda: ON)
    own.answered("b.example")
    now[0] += 5
    assert own.gone("a.example", NO_ROUTE)
    now[0] += 5
    own.answered("b.example")
    now[0] += 6
    assert not own.gone("a.example", NO_ROUTE)
    assert own.gone("c.example", NO_ROUTE)


def test_a_network_that_never_had_a_default_route_excuses_nobody() -> None:
    own = OwnNetwork(lambda: Paths(address=True, default_route=False))
    own.answered("a.example")
    assert not own.gone("a.example", TIMEOUT)

"""A connection that hurries: what the kernel takes goes at once, the rest in its turn, all in order."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import Protocol

from mcpstore_site.serving.at_once import Connection

LARGE = 8 * 1024 * 1024


class Turns:
    """A reactor as far as a connection asks it: who waits to be written."""

    def __init__(self) -> None:
        self.writers: set[Any] = set()

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)

    def addReader(self, reader: Any) -> None:
        """Nothing is read here."""

    def removeReader(self, reader: Any) -> None:
        """Nor not read any more."""


@pytest.fixture
def ends() -> Iterator[tuple[Connection, socket.socket, Turns]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(5)
    turns = Turns()
    with ours, theirs:
        yield Connection(ours, Protocol(), ("127.0.0.1", 1), None, 1, turns), theirs, turns


def test_a_frame_goes_at_once_and_nobody_waits(ends: tuple[Connection, socket.socket, Turns]) -> None:
    connection, theirs, turns = ends
    connection.hurry()
    connection.write(b"one")
    connection.write(b"two")
    assert (theirs.recv(100), turns.writers) == (b"onetwo", set())


def test_without_hurry_it_waits_for_its_turn(ends: tuple[Connection, socket.socket, Turns]) -> None:
    connection, theirs, turns = ends
    theirs.setblocking(False)
    connection.write(b"one")
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    assert turns.writers == {connection}


def test_what_the_kernel_does_not_take_follows_in_order(
    ends: tuple[Connection, socket.socket, Turns],
) -> None:
    connection, theirs, turns = ends
    connection.hurry()
    connection.write(b"a" * LARGE)
    assert turns.writers == {connection}
    connection.write(b"b")
    found = b""
    while len(found) < LARGE + 1:
        found += theirs.recv(1 << 20)
        if connection in turns.writers:
            assert connection.doWrite() is None
    assert found == b"a" * LARGE + b"b"
    assert turns.writers == set()
    connection.write(b"c")
    assert (theirs.recv(100), turns.writers) == (b"c", set())


def test_a_broken_connection_is_left_to_its_turn(ends: tuple[Connection, socket.socket, Turns]) -> None:
    connection, theirs, turns = ends
    connection.hurry()
    theirs.close()
    connection.write(b"one")
    assert turns.writers == {connection}
    assert isinstance(connection.doWrite(), Exception)


def test_a_connection_that_is_to_be_closed_has_its_turn(
    ends: tuple[Connection, socket.socket, Turns],
) -> None:
    connection, theirs, turns = ends
    connection.hurry()
    connection.write(b"last")
    connection.loseConnection()
    assert (theirs.recv(100), turns.writers) == (b"last", {connection})
    assert connection.doWrite() is CONNECTION_DONE

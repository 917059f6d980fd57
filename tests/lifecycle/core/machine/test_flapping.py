"""A service that connects and dies again and again waits longer each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle.core.health.verdict import Fault, Kind, Probe
from lifecycle.core.machine import moves
from lifecycle.core.machine.states import State
from lifecycle.core.policy.policy import NORMAL

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EXITED = Fault(kind=Kind.EXITED, message="exited with code 1", lost=True)


def _die(snap: moves.Snapshot, now: datetime) -> moves.Snapshot:
    return moves.on_probe(snap, Probe(fault=EXITED), NORMAL, now, 0.5)[0]


def _flap(times: int) -> list[float]:
    """The wait after each of *times* deaths, each followed by an immediate success."""
    snap = moves.on_connected(moves.register(True, NOW)[0], NOW)[0]
    waits = []
    for _ in range(times):
        snap = _die(snap, NOW)
        assert snap.next_retry_at is not None
        waits.append((snap.next_retry_at - NOW).total_seconds())
        snap = moves.on_connected(snap, NOW)[0]
        assert snap.state is State.HEALTHY
    return waits


def test_each_death_after_a_reconnection_waits_longer() -> None:
    assert _flap(7) == [0, 1, 2, 4, 8, 16, 30]


def test_ten_healthy_minutes_make_the_next_reconnection_immediate_again() -> None:
    snap = moves.on_connected(moves.register(True, NOW)[0], NOW)[0]
    snap = moves.on_connected(_die(snap, NOW), NOW)[0]
    later = NOW + timedelta(minutes=10)
    steady = moves.on_probe(snap, Probe(took=timedelta(milliseconds=5)), NORMAL, later, 0.5)[0]
    assert (snap.reconnect_attempts, steady.reconnect_attempts) == (1, 0)
    assert _die(steady, later).next_retry_at == later


def test_a_first_connection_counts_no_attempt() -> None:
    snap = moves.on_connected(moves.register(True, NOW)[0], NOW)[0]
    assert snap.reconnect_attempts == 0

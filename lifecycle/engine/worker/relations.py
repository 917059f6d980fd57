"""Dependencies as the worker holds them: who needs whom, and how the needed ones are now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from lifecycle.core.machine.states import State
from lifecycle.core.reconnection.dependency_wait import Needed
from lifecycle.engine.recording.writer import Writer
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, ServiceState
from registry.models import Dependency, RegistryHead

AT_ONCE = 500
FULL_LOOK_EVERY = 10.0


class Member(Protocol):
    """Who holds a service."""

    def reconsider(self) -> None:
        """Something that this service needs has changed."""

    def check_soon(self) -> None:
        """This service may be the cause of another one's failure."""


@dataclass(kw_only=True)
class Edges:
    """All dependencies of one revision of the registry, by id; names of the needed ones."""

    revision: int = -1
    needs: dict[int, list[int]] = field(default_factory=dict)
    needed_by: dict[int, list[int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)


class Relations:
    """What owners ask before they try to connect. Without dependencies a look is one small query.

    States of services that this worker holds come by `moved` at once; a look reads those of the others, and
    now and again all.
    """

    def __init__(self, writer: Writer, clock: Callable[[], datetime]) -> None:
        self._writer, self._clock = writer, clock
        self._edges = Edges()
        self._states: dict[int, State] = {}
        self._members: dict[int, Member] = {}
        self._full_at = float("-inf")

    def join(self, service_id: int, member: Member, state: State) -> None:
        """Tell *member*, who holds this service, of all that concerns it."""
        self._members[service_id] = member
        self.moved(service_id, state)

    def leave(self, service_id: int, member: Member) -> None:
        """Stop that, unless another one has taken the place."""
        if self._members.get(service_id) is member:
            del self._members[service_id]

    def needs(self, service_id: int) -> tuple[Needed, ...]:
        """What this service depends on; one that no worker has taken up yet is about to connect."""
        return tuple(
            Needed(name=self._edges.names[other], state=self._states.get(other, State.INITIALIZING))
            for other in self._edges.needs.get(service_id, ())
        )

    def moved(self, service_id: int, state: State) -> None:
        """This service is in *state* now. When it is lost, those that it needs are checked at once."""
        if service_id in self._edges.names and self._states.get(service_id) is not state:
            self._states[service_id] = state
            self._wake(self._edges.needed_by[service_id])
        if state is State.RECONNECTING:
            for other in self._edges.needs.get(service_id, ()):
                if (member := self._members.get(other)) is not None:
                    member.check_soon()

    async def look(self) -> None:
        """See what the rows say, and wake those whom it concerns; pages are told of other dependencies."""
        full = time.monotonic() - self._full_at >= FULL_LOOK_EVERY
        others = [other for other in self._edges.names if full or other not in self._members]
        before = self._edges
        edges, states = await self._writer.do(_read, before, others)
        if full:
            self._full_at = time.monotonic()
        concerned = {
            dependent
            for other, state in states.items()
            if self._states.get(other) is not state
            for dependent in edges.needed_by.get(other, ())
        }
        relinked = _relinked(before, edges)
        if edges is not self._edges:
            self._states.clear()
        self._edges = edges
        self._states.update(states)
        self._wake(concerned | relinked)
        if relinked and before.revision >= 0:
            await self._writer.write(feed.note, FeedItem.Kind.LIST, 0, self._clock())

    def _wake(self, service_ids: Iterable[int]) -> None:
        for service_id in service_ids:
            if (member := self._members.get(service_id)) is not None:
                member.reconsider()


def _relinked(before: Edges, after: Edges) -> set[int]:
    """Whose dependencies differ."""
    if after is before:
        return set()
    both = {*before.needs, *after.needs}
    return {one for one in both if before.needs.get(one) != after.needs.get(one)}


def _read(known: Edges, ids: list[int]) -> tuple[Edges, dict[int, State]]:
    """The dependencies, read anew where the registry has changed, and then all states instead of these."""
    revision = RegistryHead.objects.values_list("revision", flat=True).first() or 0
    if revision == known.revision:
        return known, _states(ids)
    edges = _edges(revision)
    return edges, _states(list(edges.names))


def _edges(revision: int) -> Edges:
    edges = Edges(revision=revision)
    if not Dependency.objects.exists():
        return edges
    rows = Dependency.objects.standing().order_by("service_id", "depends_on_id")
    for one, other, name in rows.values_list("service_id", "depends_on_id", "depends_on__name"):
        edges.needs.setdefault(one, []).append(other)
        edges.needed_by.setdefault(other, []).append(one)
        edges.names[other] = name
    return edges


def _states(ids: list[int]) -> dict[int, State]:
    found: dict[int, State] = {}
    for start in range(0, len(ids), AT_ONCE):
        rows = ServiceState.objects.filter(pk__in=ids[start : start + AT_ONCE])
        found.update((pk, State(state)) for pk, state in rows.values_list("pk", "state"))
    return found

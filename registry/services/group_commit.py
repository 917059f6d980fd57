"""Registrations that wait for each other are saved in one transaction, and answered each for itself.

A transaction costs several times what one more entry in it does. Nobody waits for company: who comes while
none runs goes at once, and those who come meanwhile are the next group. What would not be the same as alone,
such as an error, is done anew, alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import OperationalError, connection, transaction

from registry.access.audit import origin
from registry.access.roles import at_least
from registry.core.documents.dialects import Document
from registry.core.scope import Limits
from registry.installation import trouble
from registry.models import Role
from registry.models.limits import current, unlimited
from registry.services import store_rows
from registry.services.plan import Plan
from registry.services.planner import Named, Planner, name_all
from registry.services.register import Result, announce, results_of
from registry.services.register import register as register_alone

logger = logging.getLogger(__name__)
MEMBERS = 50
ENTRIES = 10


@dataclass(frozen=True)
class Caller:
    """Who asks, with what rights and from where: members of a group have this in common."""

    by: str
    role: Role
    limits: Limits
    origin: origin.Origin


@dataclass(eq=False, kw_only=True)
class Member:
    """One registration. After its turn it has `results`, or has `failed` with the database; or goes alone."""

    caller: Caller
    named: Sequence[Named]
    now: datetime
    turn: threading.Event = field(default_factory=threading.Event)
    taken: bool = False
    results: list[Result] | None = None
    failed: Exception | None = None

    @property
    def plans(self) -> list[Plan]:
        return [plan for _item, plan in self.named]

    @property
    def names(self) -> set[str]:
        return {plan.name for plan in self.plans}


class Queue:
    """One group at a time; whoever comes meanwhile waits for the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waiting: list[Member] = []
        self.busy = False

    def enter(self, member: Member) -> list[Member]:
        """The group to be saved by this member, who must `leave`; empty if another has saved it already."""
        with self._lock:
            leads, self.busy = not self.busy, True
            if not leads:
                self.waiting.append(member)
        if not leads:
            member.turn.wait()
        return [] if member.taken else self._gathered(member)

    def _gathered(self, first: Member) -> list[Member]:
        group, names = [first], first.names
        with self._lock:
            for one in self.waiting:
                fits = one.caller == first.caller and names.isdisjoint(one.names)
                if fits and len(group) < MEMBERS:
                    group.append(one)
                    names |= one.names
                    one.taken = True
            self.waiting = [one for one in self.waiting if not one.taken]
        return group

    def leave(self, group: Sequence[Member]) -> None:
        """Let the others of the group answer, and who waits longest lead the next one."""
        with self._lock:
            following = self.waiting[:1]
            del self.waiting[:1]
            self.busy = bool(following)
        for one in (*group[1:], *following):
            one.turn.set()


queue = Queue()


def register(document: Document, *, by: str, role: Role, now: datetime) -> list[Result]:
    """As `register.register` does it, with those of the same caller that wait beside it."""
    if _large(document) or connection.in_atomic_block or not at_least(role, Role.OPERATOR):
        return register_alone(document, by=by, role=role, now=now)
    caller = Caller(by, role, current(), origin.current())
    member = Member(caller=caller, named=name_all(document.found, {}), now=now)
    if group := queue.enter(member):
        try:
            if len(group) == 1:
                return register_alone(document, by=by, role=role, now=now)
            _attempt(group)
        finally:
            queue.leave(group)
    if member.failed is not None:
        raise OperationalError("the database failed the whole group") from member.failed
    if member.results is not None:
        return member.results
    return register_alone(document, by=by, role=role, now=now)


def _large(document: Document) -> bool:
    """Whether it would keep others waiting, or is no list of entries."""
    return bool(document.names) or not 1 <= len(document.found) <= ENTRIES


def _attempt(group: Sequence[Member]) -> None:
    """Save them together. Trouble with the database is everybody's; any other fault may be of one alone."""
    try:
        _save(group)
    except Exception as exc:
        if trouble.of(exc) is None:
            logger.warning("%d registrations are saved one by one", len(group), exc_info=exc)
            return
        for one in group:
            one.failed = exc


def _save(group: Sequence[Member]) -> None:
    caller = group[0].caller
    with transaction.atomic():
        head = store_rows.lock_head()
        Planner(caller.role, {}).plan([pair for one in group for pair in one.named])
        shared = {one: results_of(one.plans) for one in group if all(map(_independent, one.plans))}
        acts = [one.plans for one in shared]
        with unlimited():
            saved = store_rows.save(acts, head, by=caller.by, now=max(one.now for one in group))
        if saved:
            announce(caller.by)
    for one, results in shared.items():
        one.results = results


def _independent(plan: Plan) -> bool:
    """Whether it would come out the same alone, whatever else is in the group."""
    return plan.error is None and not plan.links and not plan.relinked

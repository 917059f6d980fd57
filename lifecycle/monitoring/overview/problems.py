"""What is wrong now: the services that want a look, the worst first, and what they have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce

from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State
from lifecycle.core.policy import tuning
from lifecycle.core.policy.policy import Policy
from lifecycle.models import ErrorRate, PolicyProfile, ServicePolicy, ServiceState, Slowness
from lifecycle.pages.reading import kept
from registry.models import Desired, Profile

READ_AT_MOST = 100
READ = (
    *(
        f"service__{field}"
        for field in (
            "name",
            "tags",
            "endpoint",
            "transport",
            "profile",
            "priority",
            "slowness",
            "error_rate",
        )
    ),
    *(
        "state",
        "state_entered_at",
        "not_serving_since",
        "next_retry_at",
        "last_success_at",
        "held_by",
        "unsure",
    ),
    *("error_kind", "error_cause", "error_message", "disconnect_reason"),
    *("consecutive_failures", "reconnect_attempts", "restarts"),
)
"""What a line of the overview is made of: whole rows take twice as long."""
LINES = 8
ALIKE = 3
DOWN = (State.RECONNECTING, State.UNREACHABLE)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Services that fail alike: one alone, or several with the same kind of fault, mostly on one host."""

    rows: Sequence[ServiceState]
    shared: str = ""

    @property
    def since(self) -> datetime:
        return min(row.not_serving_since or row.state_entered_at for row in self.rows)

    @property
    def next_try(self) -> datetime | None:
        return min((row.next_retry_at for row in self.rows if row.next_retry_at), default=None)


def rows() -> list[ServiceState]:
    """Those that should run and do not serve as they should, with their services: one query.

    First what is down, then what waits for another service or for a sign-in, then what is slow or flaky,
    last what is healthy and has many errors or is slower than usual; within that the critical before the
    others, and what began last before what is known for long.
    """
    return kept.rows("problems", _rows)


def _rows() -> QuerySet[ServiceState]:
    down = Q(state__in=DOWN) | Q(state=State.DISCONNECTED, service__desired=Desired.RUNNING)
    listed = ServiceState.objects.filter(service__removed_at=None, service__archived_at=None)
    warned = Q(state=State.WARNING) | Q(state=State.HEALTHY) & _marked()
    with_marks = ("service__slowness", "service__error_rate")
    order = (_rank(), _weight(), _newest(), "service_id")
    # The keys are put in order first: to carry whole rows through the sorting of thousands is slow.
    first = listed.filter(down | warned).order_by(*order).values("pk")[:READ_AT_MOST]
    found = ServiceState.objects.filter(pk__in=first).select_related("service", *with_marks)
    return _with_policy(found).only(*READ).order_by(*order)


def _marked() -> Q:
    slow = Slowness.objects.filter(verdict=Slowness.Verdict.SLOW).values("pk")
    return Q(pk__in=slow) | Q(pk__in=ErrorRate.objects.values("pk"))


def _rank() -> Case:
    return Case(
        When(state=State.HEALTHY, then=Value(4)),
        When(state=State.WARNING, then=Value(3)),
        When(state=State.UNREACHABLE, error_kind=Kind.AUTH, then=Value(2)),
        When(~Q(held_by=""), then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )


def _weight() -> Case:
    return Case(
        When(service__profile=Profile.CRITICAL, then=Value(0)),
        When(service__profile=Profile.BACKGROUND, then=Value(2)),
        default=Value(1),
        output_field=IntegerField(),
    )


def _newest() -> OrderBy:
    return Coalesce(F("not_serving_since"), F("state_entered_at")).desc()


def _with_policy(found: QuerySet[ServiceState]) -> QuerySet[ServiceState]:
    changed = PolicyProfile.objects.filter(name=OuterRef("service__profile")).values("changes")[:1]
    own = ServicePolicy.objects.filter(service=OuterRef("service_id")).values("changes")[:1]
    return found.annotate(profile_changes=Subquery(changed), own_changes=Subquery(own))


def policy_of(row: ServiceState) -> Policy:
    """The policy of a row that `rows` has read."""
    changes, own = getattr(row, "profile_changes", None), getattr(row, "own_changes", None)
    return tuning.for_service(row.service.profile, row.service.priority, changes or {}, own)


def grouped(found: Sequence[ServiceState]) -> list[Group]:
    """One line for each, while they are few; else those that fail alike share one, the largest first."""
    if len(found) <= LINES:
        return [Group(rows=[row]) for row in found]
    left = [row for row in found if row.state in DOWN and not row.held_by]
    taken = {row.pk for row in left}
    alone = [row for row in found if row.pk not in taken]
    groups: list[Group] = []
    for shared in (_host, _nothing):
        kinds: dict[tuple[str, str, str], list[ServiceState]] = defaultdict(list)
        for row in left:
            kinds[row.error_kind, row.error_cause, shared(row)].append(row)
        groups += [Group(rows=rows, shared=key[2]) for key, rows in kinds.items() if len(rows) >= ALIKE]
        left = [row for rows in kinds.values() if len(rows) < ALIKE for row in rows]
    groups.sort(key=lambda group: (group.rows[0].error_kind == Kind.AUTH, -len(group.rows)))
    return [*groups, *(Group(rows=[row]) for row in (*left, *alone))]


def _host(row: ServiceState) -> str:
    """The machine of its address, or the program that it runs."""
    endpoint = row.service.endpoint
    return urlsplit(endpoint).netloc if "://" in endpoint else endpoint.split(" ")[0]


def _nothing(row: ServiceState) -> str:
    return ""

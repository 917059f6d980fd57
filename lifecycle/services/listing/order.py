"""The orders in which the list of services can stand; the name settles what is equal."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lifecycle.core.machine.states import State
from lifecycle.models import Slowness

URGENCY: Final = (
    State.UNREACHABLE,
    State.RECONNECTING,
    State.WARNING,
    State.INITIALIZING,
    State.DISCONNECTING,
    State.HEALTHY,
    State.DISCONNECTED,
)
USUAL: Final = "failing"
SORTS: Final[dict[str, str | Promise]] = {
    "failing": _("Failing first"),
    "name": _("By name"),
    "response": _("Slowest first"),
    "tools": _("Most tools first"),
    "since": _("Recently changed first"),
}
_BY: Final = {
    "response": "state_row__response_ms",
    "tools": "state_row__tools_count",
    "since": "state_row__state_entered_at",
}


def order_of(sort: str) -> list[Any]:
    """What to order services by, for one of `SORTS`; those without a figure come last."""
    named = [Lower("name"), "id"]
    if sort == "failing":
        return [_urgency(), *named]
    return [F(_BY[sort]).desc(nulls_last=True), *named] if sort in _BY else named


def _urgency() -> Case:
    """Among the healthy those that are slow or often fail come first."""
    marked = Q(slowness__verdict=Slowness.Verdict.SLOW) | Q(error_rate__isnull=False)
    return Case(
        When(marked, state_row__state=State.HEALTHY, then=Value(URGENCY.index(State.WARNING))),
        *[When(state_row__state=state, then=Value(rank)) for rank, state in enumerate(URGENCY)],
        default=Value(len(URGENCY)),
        output_field=IntegerField(),
    )

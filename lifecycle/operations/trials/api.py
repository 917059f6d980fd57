"""REST for trials: an entry that nobody has saved is tried once."""

from __future__ import annotations

from typing import Annotated, Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Path, Query, Router, Schema, Status

from lifecycle.models import Trial
from lifecycle.operations.trials import operations
from registry.access.callers import OPERATOR, OPERATOR_ASYNC, Caller, caller
from registry.core.documents import dialects
from registry.rest.bodies import described, json_object
from registry.rest.problems import ProblemError

router = Router()
LONGEST_WAIT = 15.0
Wait = Annotated[
    float, Query(ge=0, allow_inf_nan=False, description="seconds to wait for the outcome, up to 15")
]
Id = Annotated[int, Path(ge=0, le=2**63 - 1)]
BODY = described(
    document={"description": "one entry in any of the formats of an import, or an address, or a command"},
    values={"type": "object", "additionalProperties": {"type": "string"}, "description": "for placeholders"},
)


class TrialAnswer(Schema):
    id: int
    state: str = Field(description="queued, taken or done")
    outcome: dict[str, Any] | None = Field(
        None, description="once it is done: ok and what the server is, or kind, cause and message"
    )


@router.post(
    "trials",
    auth=OPERATOR_ASYNC,
    response={202: TrialAnswer},
    openapi_extra=BODY,
    summary="Try an entry without saving it",
)
async def trial_add(request: HttpRequest, wait: Wait = 0) -> Status[dict[str, Any]]:
    """For whoever may save it. The worker connects, reads the lists and closes, within 10 s; of several
    entries the first is tried."""
    trial = await sync_to_async(_ask)(request, caller(request))
    if wait:
        trial = await operations.wait(trial.pk, min(wait, LONGEST_WAIT))
    return Status(202, await sync_to_async(_answer)(trial))


@router.get("trials/{int:trial_id}", auth=OPERATOR, response=TrialAnswer, summary="Get a trial")
def trial_one(request: HttpRequest, trial_id: Id) -> dict[str, Any]:
    """One of your own, for an hour."""
    trial = Trial.objects.filter(pk=trial_id, requested_by=caller(request).name).first()
    if trial is None:
        raise ProblemError(404, f"There is no trial {trial_id} of yours.", code="trial_not_found")
    return _answer(trial)


def _ask(request: HttpRequest, who: Caller) -> Trial:
    body = json_object(request)
    if unknown := sorted(set(body) - {"document", "values"}):
        raise ProblemError(422, "Give `document` and `values` alone.", where=f"body.{unknown[0][:80]}")
    given, values = body.get("document"), body.get("values") or {}
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ProblemError(422, "This must be an object of names and texts.", where="body.values")
    document = dialects.find(given) if isinstance(given, str) else dialects.find_in(given)
    return operations.ask(document, by=who.name, role=who.role, now=timezone.now(), values=values)


def _answer(trial: Trial) -> dict[str, Any]:
    return {"id": trial.pk, "state": trial.state, "outcome": operations.outcome_of(trial)}

"""REST for channels: what their forms take, by the same checks. Secrets go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels import operations
from lifecycle.alerts.channels.forms import ChannelForm
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.models import Channel
from registry.access.callers import ADMIN, OPERATOR_OF_ALL, VIEWER_OF_ALL, caller
from registry.errors import SecretsError
from registry.rest.problems import ProblemError

router = Router()
MASKED = "********"
OWN = ("name", "enabled", "all_rules")
"""Fields of the form that are no settings."""


class ChannelAnswer(Schema):
    id: int
    name: str
    kind: str
    summary: str = Field(description="what may be seen of the configuration")
    enabled: bool
    disabled_reason: str
    created_at: datetime
    settings: dict[str, str] = Field(description="by name; a secret that is kept is shown as ********")


class NewChannelAnswer(ChannelAnswer):
    secret: str = Field("", description="the signing secret, if one was made: never shown again")


class ChannelList(Schema):
    count: int
    results: list[ChannelAnswer]


class ChannelChange(Schema):
    name: str | None = None
    enabled: bool | None = Field(None, description="false pauses it: what waits is kept for 24 hours")
    settings: dict[str, str] | None = Field(
        None, description="those that change; a secret that is left out, empty or ******** is kept"
    )


class NewChannel(ChannelChange):
    kind: str = Field(description="such as email, webhook, slack")
    all_rules: bool = Field(True, description="use it for all existing rules")


class TestAnswer(Schema):
    delivery: int = Field(description="how it goes is in GET deliveries")
    message_id: str
    state: str


def _answer(row: Channel) -> dict[str, Any]:
    names = set(ChannelAnswer.model_fields) - {"settings"}
    return {name: getattr(row, name) for name in names} | {"settings": _settings(row)}


def _settings(row: Channel) -> dict[str, str]:
    """None where the key is gone that they are sealed with."""
    try:
        config = channel_config.unseal(row.sealed) if row.sealed else channel_config.Config()
    except SecretsError:
        return {}
    found = {field: config.value(field.name) for field in KINDS[row.kind].fields}
    return {field.name: MASKED if field.secret else value for field, value in found.items() if value}


def _get(number: int) -> Channel:
    row = Channel.objects.filter(pk=number).first()
    if row is None:
        raise ProblemError(404, f"There is no channel {number}.")
    return row


def _save(form: ChannelForm, by: str) -> Channel:
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise ProblemError(422, str(errors[0]), where=name if name in OWN else f"settings.{name}")
    return operations.save(form, by=by, now=timezone.now())


def _typed(kind: str, body: ChannelChange, first: dict[str, Any]) -> dict[str, Any]:
    """What the form would have got."""
    known = {field.name for field in KINDS[kind].fields}
    given = body.settings or {}
    if unknown := sorted(given.keys() - known):
        listed = ", ".join(sorted(known)) or "none"
        text = f"There is no setting {unknown[0][:40]!r} of {kind}; there are: {listed}."
        raise ProblemError(422, text, where=f"settings.{unknown[0][:40]}")
    own = {name: value for name, value in body.dict().items() if name in OWN and value is not None}
    return first | own | {name: value for name, value in given.items() if value != MASKED}


@router.get("channels", auth=VIEWER_OF_ALL, response=ChannelList, summary="List channels")
def channels(request: HttpRequest) -> dict[str, Any]:
    """Secrets, and addresses that are as good as one, are never given."""
    rows = [_answer(row) for row in Channel.objects.order_by("name")]
    return {"count": len(rows), "results": rows}


@router.post("channels", auth=ADMIN, response={201: NewChannelAnswer}, summary="Add a channel")
def channel_add(request: HttpRequest, body: NewChannel) -> Status[dict[str, Any]]:
    """What is not given is as in the form of a new channel."""
    if body.kind not in KINDS:
        text = f"There is no kind {body.kind[:40]!r}; there are: {', '.join(KINDS)}."
        raise ProblemError(422, text, where="kind")
    kind = KINDS[body.kind]
    if lacks := str(kind.lacks()):
        raise ProblemError(422, lacks, where="kind")
    first = {field.name: field.default for field in kind.fields} | {"enabled": True}
    form = ChannelForm(kind, _typed(body.kind, body, first))
    row = _save(form, caller(request).name)
    return Status(201, _answer(row) | {"secret": form.made_secret})


@router.get("channels/{channel_id}", auth=VIEWER_OF_ALL, response=ChannelAnswer, summary="Get a channel")
def channel(request: HttpRequest, channel_id: int) -> dict[str, Any]:
    return _answer(_get(channel_id))


@router.patch("channels/{channel_id}", auth=ADMIN, response=ChannelAnswer, summary="Change a channel")
def channel_change(request: HttpRequest, channel_id: int, body: ChannelChange) -> dict[str, Any]:
    """Only what is given changes. Another address needs the secrets that go with it once more."""
    row = _get(channel_id)
    kept = {name: value for name, value in _settings(row).items() if value != MASKED}
    typed = _typed(row.kind, body, kept | {"name": row.name, "enabled": row.enabled})
    return _answer(_save(ChannelForm(KINDS[row.kind], typed, about=row), caller(request).name))


@router.delete("channels/{channel_id}", auth=ADMIN, response={204: None}, summary="Delete a channel")
def channel_delete(request: HttpRequest, channel_id: int) -> Status[None]:
    """Its messages go with it, those that wait too."""
    operations.delete(_get(channel_id), by=caller(request).name, now=timezone.now())
    return Status(204, None)


@router.post(
    "channels/{channel_id}/test", auth=OPERATOR_OF_ALL, response={202: TestAnswer}, summary="Try a channel"
)
def channel_test(request: HttpRequest, channel_id: int) -> Status[dict[str, Any]]:
    """Send a test message; 409 while the channel is disabled."""
    row = _get(channel_id)
    if not row.enabled:
        raise ProblemError(409, "The channel is disabled. Enable it first.")
    made = operations.test(row, by=caller(request).name, now=timezone.now())
    return Status(202, {"delivery": made.pk, "message_id": str(made.message_id), "state": made.state})

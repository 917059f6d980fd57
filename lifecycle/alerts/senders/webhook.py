"""The webhook channel: JSON, signed as Standard Webhooks has it (standardwebhooks.com, version 1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.config import new_secret, secret_bytes
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape, host_of
from lifecycle.alerts.senders import alertmanager
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, Outbound, succeeded
from lifecycle.alerts.senders.letter import Letter, SendingError

ALERTMANAGER = "alertmanager"
FORMATS = (("", lazy("MCPStore Console")), (ALERTMANAGER, lazy("Alertmanager, version 4")))


def body_of(payload: Mapping[str, Any]) -> bytes:
    """The same bytes at each repetition."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def headers_for(message_id: UUID, body: bytes, secrets: tuple[str, ...], now: datetime) -> dict[str, str]:
    """One signature for each secret, so that a receiver may know the old one or the new one."""
    name, moment = f"msg_{message_id.hex}", str(int(now.timestamp()))
    signed = b".".join((name.encode(), moment.encode(), body))
    marks = (hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest() for secret in secrets)
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mark).decode()}" for mark in marks),
    }


def build(letter: Letter) -> list[Call]:
    """In Alertmanager's format a test ends at once, since its receivers keep what fires open."""
    if letter.config.value("format") != ALERTMANAGER:
        return [_call(letter, letter.payload)]
    calls = [_call(letter, alertmanager.payload(letter))]
    if letter.kind == "test":
        end = replace(letter, kind="resolved", message_id=uuid5(letter.message_id, "end"))
        calls.append(_call(end, alertmanager.payload(end)))
    return calls


def _call(letter: Letter, payload: Mapping[str, Any]) -> Call:
    body = body_of(payload)
    headers = headers_for(letter.message_id, body, letter.config.signing(letter.now), letter.now)
    return Call(url=letter.config.url, body=body, headers=headers)


def judge(answer: Answer) -> str:
    """Any 2xx is yes, as the standard has it; 410 is no, for ever."""
    if answer.status == 410:
        raise SendingError(f"{answer.said}. The receiver wants no more messages.", gone=True)
    succeeded(answer)
    return answer.said


class WebhookSender(HttpSender):
    """Signed JSON to any address."""

    def __init__(self, outbound: Outbound | None = None) -> None:
        super().__init__(build, judge, outbound)


KIND = Kind(
    key="webhook",
    word=lazy("Webhook"),
    group=Group.MESSAGES,
    help=lazy(
        "JSON messages, signed as specified by Standard Webhooks. Only public addresses are allowed, "
        "unless MCPSTORE_EGRESS_ALLOW lists the network."
    ),
    fields=(
        Field(
            name="url",
            label=lazy("URL"),
            shape=Shape.URL,
            secret=True,
            placeholder="https://hooks.example.org/…",
            check=checks.url,
        ),
        Field(
            name="format",
            label=lazy("Format"),
            shape=Shape.CHOICE,
            required=False,
            choices=FORMATS,
            help=lazy("Most programs that accept Prometheus alerts understand the Alertmanager format."),
        ),
        Field(
            name="secret",
            label=lazy("Signing secret"),
            secret=True,
            required=False,
            placeholder="whsec_…",
            help=lazy("Leave empty to generate one; it is shown once after saving."),
            check=checks.signing_secret,
            made=new_secret,
            longest=200,
        ),
    ),
    sender=WebhookSender,
    summary=host_of,
)

"""Tell monitors elsewhere, each minute, that alerts can be delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import Q

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.alerts.senders.letter import Letter, SendingError
from lifecycle.models import Channel
from registry.errors import SecretsError
from registry.secrets import masking

EVERY = timedelta(seconds=60)
LOOK_EVERY = 5.0
BOUND = 15.0
KIND = "heartbeat"
Sends = Callable[[Letter], Awaitable[object]]


def take(now: datetime) -> list[Channel]:
    """The channels whose minute is over, taken: of several workers one calls. A clock set back stops none."""
    due = Q(pinged_at=None) | Q(pinged_at__lte=now - EVERY) | Q(pinged_at__gt=now)
    found = Channel.objects.filter(due, kind=KIND, enabled=True).order_by("pk")
    return [
        channel
        for channel in found
        if Channel.objects.filter(pk=channel.pk, pinged_at=channel.pinged_at).update(pinged_at=now)
    ]


def note(channel: Channel, ok: bool, answer: str) -> None:
    """What came of the last call."""
    Channel.objects.filter(pk=channel.pk).update(ping_ok=ok, ping_answer=answer[:300])


async def call(channel: Channel, sends: Sends, now: datetime) -> tuple[bool, str]:
    """Whether the monitor took the call, and its words; never longer than the bound."""
    try:
        config = channel_config.unseal(channel.sealed)
        masking.remember(KINDS[KIND].secrets(config))
    except SecretsError as exc:
        return False, str(exc)
    letter = Letter(message_id=uuid4(), thread=None, kind=KIND, payload={}, config=config, now=now)
    try:
        async with asyncio.timeout(BOUND):
            ok, answer = True, str(await sends(letter))
    except TimeoutError:
        ok, answer = False, f"no answer within {BOUND:.0f} s"
    except SendingError as exc:
        ok, answer = False, exc.answer
    return ok, masking.mask(answer, KINDS[KIND].known_values(config))

"""Channels saved, switched, tried, given a new secret and deleted; each with its audit row."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lifecycle.alerts import pictures
from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.forms import ChannelForm
from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.models import Channel, Delivery
from registry.access import audit


def save(form: ChannelForm, *, by: str, now: datetime) -> Channel:
    """Write what a valid form says; a signing secret that was made is then in `form.made_secret`."""
    action = "channel.change" if form.about else "channel.add"
    with transaction.atomic():
        before = pictures.of_channel(form.about) if form.about else None
        channel = form.save(now)
        after = pictures.of_channel(channel)
        audit.note(by, action, channel.name, channel.summary, now=now, before=before, after=after)
    return channel


def delete(channel: Channel, *, by: str, now: datetime) -> None:
    """Its messages go with it, those that wait too."""
    with transaction.atomic():
        audit.note(by, "channel.delete", channel.name, now=now, before=pictures.of_channel(channel))
        channel.delete()


def test(channel: Channel, *, by: str, now: datetime) -> Delivery:
    """A test message, queued; the one that waits already if there is one."""
    waiting = channel.deliveries.filter(kind=Delivery.Kind.TEST, state=Delivery.State.QUEUED).first()
    if waiting is not None:
        return waiting
    with transaction.atomic():
        made = outbox_write.queue_test(channel, by, now)
        audit.note(by, "channel.test", channel.name, now=now)
    return made


def rotate(channel: Channel, *, by: str, now: datetime) -> str:
    """A new signing secret, returned; the old one signs along for a day."""
    config = channel_config.rotated(channel_config.unseal(channel.sealed), now)
    with transaction.atomic():
        channel.sealed = channel_config.seal(config)
        channel.save(update_fields=["sealed"])
        audit.note(by, "channel.rotate", channel.name, now=now)
    return config.secret

"""The outbox: a message is a row in the transaction that caused it, and is sent from there."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from lifecycle.core.alerting.messages import NEEDED_BY
from lifecycle.models.alert import Channel, Episode
from registry.models.hidden import MessageField
from registry.models.scoped import Scoped


class Delivery(models.Model):
    """What one channel is told of one episode; each repetition carries the same `message_id`.

    Several that leave together are the `members` of one more row, without an episode, whose id they go out
    under and whose state they take. A beginning that was overtaken by its end is superseded: `group` is then
    the end that told both.
    """

    class Kind(models.TextChoices):
        FIRING = "firing"
        REMINDER = "reminder"
        RESOLVED = "resolved"
        TEST = "test"
        REPORT = "report"

    class State(models.TextChoices):
        QUEUED = "queued"
        DELIVERED = "delivered"
        PARTIAL = "partial"
        DEAD = "dead"
        SUPERSEDED = "superseded"

    message_id = models.UUIDField(default=uuid.uuid4, unique=True)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    # A message outlives its episode: deleting a rule must not lose what was already promised.
    episode = models.ForeignKey(Episode, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    # An end goes out after its beginning, into the same thread, even if the rule and its episodes are gone.
    beginning = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="endings")
    group = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="members")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    payload = MessageField(naming={NEEDED_BY: ""})
    turn = models.PositiveSmallIntegerField(default=0, help_text="of the escalation; 0 is the rule itself")
    urgent = models.BooleanField(default=False, help_text="of a critical rule: it waits for no group")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(help_text="while it is being sent: when it may be taken again")
    expires_at = models.DateTimeField(help_text="undelivered by then, it is dead")
    delivered_at = models.DateTimeField(null=True, help_text="when the first of its recipients had it")
    to = models.JSONField(default=list, help_text="the recipients that are left to try; empty is all of them")
    refused = models.JSONField(default=dict, help_text="why, by recipient, of those that did not get it")
    answer = models.CharField(max_length=500, default="", blank=True)

    objects = Scoped["Delivery"]()
    scoped_by = "episode__service"

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="queued"), name="delivery_due"),
            models.Index(fields=["channel", "-id"], name="delivery_by_channel"),
            models.Index(
                fields=["channel", "id"],
                condition=Q(state="queued", group=None, attempts=0),
                name="delivery_gathering",
            ),
        ]


class DeliveryAttempt(models.Model):
    """One try at a delivery, and what came back."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    ok = models.BooleanField()
    answer = models.CharField(max_length=500, default="", blank=True)
    ms = models.PositiveIntegerField(default=0)

    objects = Scoped["DeliveryAttempt"]()
    scoped_by = "delivery__episode__service"

    class Meta:
        ordering = ["id"]

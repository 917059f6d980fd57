"""The workers that hold the services, and on PostgreSQL who of them holds which."""

from __future__ import annotations

from django.db import models


class WorkerSeen(models.Model):
    """A worker's sign of life, written every few seconds; silent for 30 s means gone."""

    name = models.CharField(max_length=100, unique=True)
    pid = models.PositiveIntegerField()
    host = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    epoch = models.PositiveBigIntegerField(default=0)
    services = models.PositiveIntegerField(default=0)
    late_ms = models.PositiveIntegerField(
        default=0, help_text="99 of 100 checks of the last minute began at most this late"
    )
    version = models.CharField(max_length=40, default="", blank=True)
    place = models.CharField(
        max_length=120, default="", blank=True, help_text="the very process, where its like can see it"
    )
    connecting = models.JSONField(
        default=dict, help_text="who holds a place to connect, who waits for one, what is left of the budget"
    )
    lease_until = models.DateTimeField(
        null=True, help_text="until when its leases hold, by the database's clock"
    )


class Lease(models.Model):
    """Which worker acts for a shard of the services; `epoch` grows with each change of hands.

    It holds while its worker's `lease_until` is in the future. On SQLite there are no such rows.
    """

    shard = models.PositiveSmallIntegerField(primary_key=True)
    worker = models.CharField(max_length=100, default="", blank=True)
    epoch = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(null=True, help_text="by the database's clock")

"""The workers that hold the services."""

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

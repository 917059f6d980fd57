"""When alerts are not told: silences and maintenance; and what came of it, on each episode."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from lifecycle.models.alert import Episode
from registry.models.scoped import Scoped, nothing


class Silence(models.Model):
    """Alerts of these services, tags and rules are not told from `starts_at` to `ends_at`; no list is all."""

    services = models.JSONField(default=list)
    tags = models.JSONField(default=list)
    rules = models.JSONField(default=list, help_text="ids")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    comment = models.CharField(max_length=500, default="", blank=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    ended_by = models.CharField(max_length=150, default="", blank=True, help_text="who ended it early")

    objects = Scoped["Silence"]()
    within = staticmethod(nothing)

    class Meta:
        indexes = [models.Index(fields=["ends_at"], name="silence_by_end")]


class MaintenanceWindow(models.Model):
    """Planned maintenance of services and tags (no list is all), once or by a rule of RFC 5545."""

    name = models.CharField(max_length=100, unique=True)
    services = models.JSONField(default=list)
    tags = models.JSONField(default=list)
    start = models.DateTimeField(help_text="local time of `zone`, written as if it were UTC")
    minutes = models.PositiveIntegerField(default=60)
    rule = models.CharField(max_length=300, default="", blank=True)
    zone = models.CharField(max_length=64)
    enabled = models.BooleanField(default=True)
    planned_until = models.DateTimeField(help_text="up to here its periods are rows")
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    objects = Scoped["MaintenanceWindow"]()
    within = staticmethod(nothing)

    def __str__(self) -> str:
        return self.name


class MaintenancePeriod(models.Model):
    """One occurrence of a window, planned some days ahead; `over` when its end was attended to."""

    window = models.ForeignKey(MaintenanceWindow, on_delete=models.CASCADE, related_name="periods")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    over = models.BooleanField(default=False)

    objects = Scoped["MaintenancePeriod"]()
    within = staticmethod(nothing)

    class Meta:
        ordering = ["began_at"]
        constraints = [models.UniqueConstraint(fields=["window", "began_at"], name="period_once")]
        indexes = [models.Index(fields=["began_at"], condition=Q(over=False), name="period_not_over")]


class EpisodeNote(models.Model):
    """One line on an episode: what a person wrote, or what kept it from being told."""

    class Kind(models.TextChoices):
        NOTE = "note"
        SILENCED = "silenced"
        MAINTENANCE = "maintenance"
        TOLD = "told"
        REMINDED = "reminded"
        NOT_ESCALATED = "late"
        FLAPPING = "flapping"
        RESPONSE = "response"

    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="notes")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.CharField(max_length=1000, default="", blank=True)
    by = models.CharField(max_length=150, default="", blank=True)

    objects = Scoped["EpisodeNote"]()
    scoped_by = "episode__service"

    class Meta:
        ordering = ["id"]

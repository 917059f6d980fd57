"""What an operator asked for: one row each, taken up by the worker, answered in the row."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.models import Service


class Command(models.Model):
    """Written by `operations`, answered by the engine; a tool call is sealed text both ways."""

    class Kind(models.TextChoices):
        START = "start"
        STOP = "stop"
        RESTART = "restart"
        CHECK = "check"
        RECONNECT = "reconnect"
        REFRESH_TOOLS = "refresh-tools"
        CALL_TOOL = "call-tool"

    class State(models.TextChoices):
        QUEUED = "queued"
        TAKEN = "taken"
        DONE = "done"
        FAILED = "failed"

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="commands")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    force = models.BooleanField(default=False)
    arguments = models.TextField(default="", blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    outcome = models.TextField(default="", blank=True)
    error = models.CharField(max_length=1000, default="", blank=True)
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=100, default="", blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=["queued", "taken"]), name="command_open"),
            models.Index(fields=["service", "id"], name="command_by_service"),
        ]

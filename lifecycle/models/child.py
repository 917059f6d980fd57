"""What the processes of stdio services wrote and what they use; written by the worker alone."""

from __future__ import annotations

from django.db import models

from registry.models import Service
from registry.models.scoped import Scoped


class LogPiece(models.Model):
    """Whole lines that a service's process wrote at one time, secrets masked; the last 64 KiB are kept."""

    class Kind(models.TextChoices):
        OUTPUT = "output"
        NOTE = "note", "Note of the console"

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="log_pieces")
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.OUTPUT)
    at = models.DateTimeField()
    text = models.TextField()
    size = models.PositiveIntegerField(help_text="bytes as UTF-8; nothing for a note")

    objects = Scoped["LogPiece"]()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["service", "id"], name="log_by_service")]


class ChildProcess(models.Model):
    """The process tree of a stdio service, as sampled last; the row stays when the process has gone."""

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="child_process"
    )
    pid = models.PositiveIntegerField(help_text="of the server itself, on the worker's host")
    host = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=1000, default="", blank=True)
    sampled_at = models.DateTimeField(null=True)
    processes = models.PositiveIntegerField(default=0, help_text="in the tree, without our supervisor")
    cpu_percent = models.FloatField(null=True, help_text="of one core, since the sample before")
    memory_bytes = models.PositiveBigIntegerField(null=True, help_text="resident, summed over the tree")

    objects = Scoped["ChildProcess"]()

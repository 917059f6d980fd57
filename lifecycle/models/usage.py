"""What hosts, processes and tools use: tool calls, samples of hosts, and both rolled up by time."""

from __future__ import annotations

from django.db import models

from lifecycle.models.command import Command
from registry.models import SealedField, Service
from registry.models.scoped import Scoped, nothing


class ToolCall(models.Model):
    """One call of a tool that ended; written in the transaction that finishes its command.

    `arguments` is JSON with secrets masked, cut at 2,000 characters.
    """

    class Outcome(models.TextChoices):
        OK = "ok"
        TOOL_ERROR = "tool_error"  # the tool answered, and said that it failed
        FAILED = "failed"
        TIMEOUT = "timeout"
        REFUSED = "refused"  # by the console; the service never heard of it

    service = models.ForeignKey(Service, on_delete=models.CASCADE, db_index=False, related_name="tool_calls")
    command = models.OneToOneField(Command, null=True, on_delete=models.SET_NULL, related_name="tool_call")
    tool = models.CharField(max_length=500)
    at = models.BigIntegerField(help_text="when it ended, in milliseconds since 1970")
    duration_ms = models.FloatField(null=True, help_text="none where nothing was asked of the service")
    slow = models.BooleanField(default=False, help_text="by the threshold when it was made")
    answer_bytes = models.PositiveBigIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    error = SealedField(default="", blank=True)
    arguments = SealedField(default="", blank=True)
    by = models.CharField(max_length=150)
    origin = models.CharField(max_length=8, default="", blank=True, choices=Command.Origin.choices)

    objects = Scoped["ToolCall"]()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["service", "tool", "id"], name="call_by_tool"),
            models.Index(fields=["service", "id"], name="call_by_service"),
            models.Index(fields=["service", "outcome", "id"], name="call_by_outcome"),
            models.Index(fields=["service", "at"], name="call_by_time"),
            models.Index(fields=["at"], name="call_by_age"),
        ]


class ToolRollup(models.Model):
    """The calls of one tool within one span of time; `data` is a `core.monitoring.calls.CallSummary`."""

    pk = models.CompositePrimaryKey("service_id", "tool", "span", "at")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, db_index=False, related_name="+")
    tool = models.CharField(max_length=500)
    span = models.PositiveIntegerField(help_text="its length in seconds: 300, 3,600 or 86,400")
    at = models.BigIntegerField(help_text="its start, in seconds since 1970")
    data = models.BinaryField()

    objects = Scoped["ToolRollup"]()

    class Meta:
        indexes = [models.Index(fields=["span", "at"], name="tool_rollup_by_age")]


class ServiceCallRollup(models.Model):
    """The calls of all tools of one service within one span of time."""

    pk = models.CompositePrimaryKey("service_id", "span", "at")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, db_index=False, related_name="+")
    span = models.PositiveIntegerField()
    at = models.BigIntegerField(help_text="its start, in seconds since 1970")
    data = models.BinaryField()

    objects = Scoped["ServiceCallRollup"]()

    class Meta:
        indexes = [models.Index(fields=["span", "at"], name="service_calls_by_age")]


class FleetCallRollup(models.Model):
    """The calls of all tools of all services within one span of time."""

    pk = models.CompositePrimaryKey("span", "at")
    span = models.PositiveIntegerField()
    at = models.BigIntegerField(help_text="its start, in seconds since 1970")
    data = models.BinaryField()

    objects = Scoped["FleetCallRollup"]()
    within = staticmethod(nothing)


class HostSample(models.Model):
    """How busy the host of a worker was, within what its container may use."""

    pk = models.CompositePrimaryKey("host", "at")
    host = models.CharField(max_length=200)
    at = models.BigIntegerField(db_index=True, help_text="in milliseconds since 1970")
    cpu_percent = models.FloatField(null=True, help_text="of all that it may use, since the sample before")
    memory_used = models.PositiveBigIntegerField()
    memory_total = models.PositiveBigIntegerField()
    disk_used = models.PositiveBigIntegerField(help_text="of the data directory's file system")
    disk_total = models.PositiveBigIntegerField()
    sent_per_s = models.FloatField(null=True, help_text="bytes per second since the sample before")
    received_per_s = models.FloatField(null=True)


class HostRollup(models.Model):
    """The samples of one host within one span of time; `data` are `core.monitoring.gauges`."""

    pk = models.CompositePrimaryKey("host", "span", "at")
    host = models.CharField(max_length=200)
    span = models.PositiveIntegerField()
    at = models.BigIntegerField(help_text="its start, in seconds since 1970")
    data = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["span", "at"], name="host_rollup_by_age")]


class ProcessRollup(models.Model):
    """The samples of a stdio service's process tree within one span of time."""

    pk = models.CompositePrimaryKey("service_id", "span", "at")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, db_index=False, related_name="+")
    span = models.PositiveIntegerField()
    at = models.BigIntegerField(help_text="its start, in seconds since 1970")
    data = models.BinaryField()

    objects = Scoped["ProcessRollup"]()

    class Meta:
        indexes = [models.Index(fields=["span", "at"], name="process_rollup_by_age")]

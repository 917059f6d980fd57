"""What does run: one row per service, written by `engine.recording` alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from lifecycle.core.machine.states import State
from lifecycle.core.reconnection.dependency_wait import BACK
from registry.models import Service
from registry.models.hidden import NamesField, SaidField
from registry.models.scoped import Scoped, nothing

STATE_CHOICES = [(state.value, state.value) for state in State]


class ServiceState(models.Model):
    """The machine's snapshot of one service; health and status are derived from it, never stored."""

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="state_row"
    )
    version = models.PositiveBigIntegerField(default=1)
    epoch = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=16, choices=STATE_CHOICES)
    state_entered_at = models.DateTimeField()
    not_serving_since = models.DateTimeField(null=True)
    healthy_since = models.DateTimeField(null=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    consecutive_successes = models.PositiveIntegerField(default=0)
    last_ping_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    response_ms = models.FloatField(null=True)
    last_level = models.CharField(
        max_length=12, default="", blank=True, help_text="verdict of the last check"
    )
    unsure = models.CharField(
        max_length=12, default="", blank=True, help_text="the fault of our own that spoilt the last check"
    )
    error_kind = models.CharField(max_length=12, default="", blank=True)
    error_message = models.CharField(max_length=1000, default="", blank=True)
    error_cause = models.CharField(
        max_length=16, default="", blank=True, help_text="what exactly it was, as in `core.causes`"
    )
    error_output = models.TextField(default="", blank=True, help_text="what its program printed last")
    reconnect_attempts = models.PositiveIntegerField(default=0)
    long_cycles = models.PositiveIntegerField(default=0)
    restarts = models.PositiveIntegerField(default=0, help_text="of its program, within the window")
    restarts_since = models.DateTimeField(null=True)
    next_retry_at = models.DateTimeField(null=True)
    disconnect_reason = models.CharField(max_length=200, default="", blank=True)
    held_by = NamesField(
        default="", blank=True, help_text="names of the dependencies that it waits for, with spaces between"
    )
    revision_applied = models.PositiveIntegerField(default=0)
    tools_count = models.PositiveIntegerField(default=0)
    tools_refreshed_at = models.DateTimeField(null=True)
    protocol_version = models.CharField(max_length=20, default="", blank=True)
    connect_mode = models.CharField(
        max_length=8, default="", blank=True, help_text="the negotiation that worked"
    )
    server_name = models.CharField(max_length=200, default="", blank=True)
    server_version = models.CharField(max_length=100, default="", blank=True)
    certificate_until = models.DateTimeField(
        null=True, help_text="when the certificate of its server ends, as its connection saw it last"
    )
    notes = models.TextField(
        default="", blank=True, help_text="what is odd about it although it works, a line each"
    )
    worker = models.CharField(max_length=100, default="", blank=True)

    objects = Scoped["ServiceState"]()

    class Meta:
        indexes = [
            models.Index(fields=["state", "service"], name="state_filter"),
            models.Index(fields=["not_serving_since"], name="state_not_serving"),
            models.Index(
                fields=["certificate_until"],
                condition=Q(certificate_until__isnull=False),
                name="state_certificate",
            ),
        ]


class StateChange(models.Model):
    """One transition: the proof that a state was entered, and why."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="changes")
    before = models.CharField(max_length=16, default="", blank=True)
    after = models.CharField(max_length=16)
    event = models.CharField(max_length=20)
    reason = SaidField(naming={f"{BACK}.*": BACK}, max_length=300, default="", blank=True)
    error_kind = models.CharField(max_length=12, default="", blank=True)
    error_message = models.CharField(max_length=1000, default="", blank=True)
    at = models.DateTimeField()
    worker = models.CharField(max_length=100, default="", blank=True)
    epoch = models.PositiveBigIntegerField(
        default=0, help_text="of the lease under which it was written; 0 where one worker has all"
    )

    objects = Scoped["StateChange"]()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["service", "id"], name="change_by_service"),
            models.Index(fields=["at", "id"], name="change_by_time"),
            models.Index(fields=["after", "at", "id"], name="change_by_state"),
            models.Index(fields=["worker", "at", "id"], name="change_by_worker"),
        ]


class CheckResult(models.Model):
    """One raw check. `at` is milliseconds since 1970, `level` an index into `core.health.LEVELS`."""

    pk = models.CompositePrimaryKey("service_id", "at")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, db_index=False, related_name="+")
    at = models.BigIntegerField()
    level = models.PositiveSmallIntegerField()
    ms = models.PositiveIntegerField(null=True)

    objects = Scoped["CheckResult"]()


class FeedItem(models.Model):
    """Something a page may show has changed; rows are followed by id and pruned after an hour."""

    class Kind(models.TextChoices):
        SERVICE = "service"
        LIST = "list"
        COMMAND = "command"
        BATCH = "batch"
        ALERT = "alert"
        WORKER = "worker"
        DRIFT = "drift"
        LOG = "log"
        MASS = "mass"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    ref = models.BigIntegerField(default=0, help_text="id of the row that changed; 0 is all of them")
    at = models.DateTimeField(db_index=True)


class MassFailure(models.Model):
    """A time in which most services failed at once, until at most a quarter fails; one at a time."""

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    open = models.BooleanField(default=True)
    total = models.PositiveIntegerField(help_text="services that should run, when it was noticed")
    failing = models.PositiveIntegerField(help_text="of them, at its worst")
    worker = models.CharField(max_length=100, default="", blank=True)

    objects = Scoped["MassFailure"]()
    within = staticmethod(nothing)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["open"], condition=Q(open=True), name="one_mass_failure")
        ]

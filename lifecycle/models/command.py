"""What an operator asked for: one row each, taken up by the worker, answered in the row."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.core.scope import Limits
from registry.models import SealedField, Service
from registry.models.hidden import SaidField
from registry.models.scoped import Scoped, in_view

IN_THE_WAY, OTHERS = r"^.* depends? on .*$", "Dependencies on other services are in the way."
"""Of a removal or restore that failed: it names them."""


class Batch(models.Model):
    """One order for many services. Its members are commands, let go wave by wave; see `batches`."""

    action = models.CharField(max_length=16)
    force = models.BooleanField(default=False)
    selection = models.JSONField(default=dict, help_text="the filter, or how many names were given")
    total = models.PositiveIntegerField()
    waves = models.PositiveSmallIntegerField(default=1)
    wave = models.PositiveSmallIntegerField(default=1, help_text="the one that is under way")
    wave_at = models.DateTimeField(help_text="when the last members of that wave were let go")
    seen = models.JSONField(default=dict, help_text="members by state, as the pages were last told")
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    cancelled_by = models.CharField(max_length=150, default="", blank=True)
    finished_at = models.DateTimeField(null=True)

    objects = Scoped["Batch"]()

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those all of whose members are visible: what they say of themselves they say of all of them."""
        hidden = Command._base_manager.exclude(in_view("service", limits)).exclude(batch=None)
        return ~Q(pk__in=hidden.order_by().values("batch"))

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="batch_open")]


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
        REMOVE = "remove"
        SET_STATE = "set-state"
        RESTORE = "restore"
        SIGN_IN = "sign-in"
        FINISH_SIGN_IN = "finish-sign-in"
        SIGN_OUT = "sign-out"
        EDIT = "edit"

    class State(models.TextChoices):
        PLANNED = "planned"  # a member of a batch whose turn has not come
        QUEUED = "queued"
        TAKEN = "taken"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Origin(models.TextChoices):
        PAGE = "page"
        REST = "rest"
        PYTHON = "python"
        TERMINAL = "terminal"

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="commands")
    batch = models.ForeignKey(
        Batch, null=True, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    wave = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    force = models.BooleanField(default=False)
    arguments = SealedField(default="", blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    outcome = SealedField(default="", blank=True)
    error = SaidField(naming={IN_THE_WAY: OTHERS}, max_length=1000, default="", blank=True)
    requested_by = models.CharField(max_length=150)
    origin = models.CharField(max_length=8, default="", blank=True, choices=Origin.choices)
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=100, default="", blank=True)
    epoch = models.PositiveBigIntegerField(default=0, help_text="of the lease under which it was taken")

    objects = Scoped["Command"]()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=["queued", "taken"]), name="command_open"),
            models.Index(fields=["service", "id"], name="command_by_service"),
            models.Index(fields=["created_at", "id"], name="command_by_time"),
            models.Index(
                fields=["batch", "wave", "state"],
                condition=Q(batch__isnull=False),
                name="command_by_batch",
            ),
        ]


class Trial(models.Model):
    """A configuration that nobody has saved, to be tried once. Written by `operations/trials`, which forgets
    it after an hour; the engine takes it and answers, and then what it was given is gone.

    It is about no service, so no scope tells who may see it: whoever asked, and nobody else.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        TAKEN = "taken"
        DONE = "done"

    given = SealedField(default="", blank=True)
    outcome = SealedField(default="", blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    worker = models.CharField(max_length=100, default="", blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="queued"), name="trial_open"),
            models.Index(fields=["created_at"], name="trial_by_time"),
        ]


class SavedView(models.Model):
    """Filters and order of the services list under a name; written by `services.listing.saved` alone.

    It belongs to its owner; a shared one is shown to all who see all.
    """

    owner = models.CharField(max_length=150)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, help_text="as in the address of the list, without a page")
    shared = models.BooleanField(default=False)
    default = models.BooleanField(default=False, help_text="what Services opens with, for its owner")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = Scoped["SavedView"]()

    @staticmethod
    def within(_limits: Limits) -> Q:
        """Others' may name tags and agents that somebody with a scope does not see."""
        return Q(shared=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_view_of_a_name"),
            models.UniqueConstraint(fields=["owner"], condition=Q(default=True), name="one_default_view"),
        ]

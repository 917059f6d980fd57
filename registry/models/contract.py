"""The contract of a service: what it offered when, what was approved, and what waits to be."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.core.contract.compare import Action, Grade
from registry.models.scoped import Scoped
from registry.models.service import Service

NAME_LENGTH = 500
GRADES = [(grade.value, grade.value) for grade in Grade]
ACTIONS = [(action.value, action.value) for action in Action]


class Contract(models.Model):
    """One per service that has ever listed its tools; `digests` are of each list as it was last offered.

    While `pinned_at` is set the rows of `Tool` are what was approved; otherwise they are what is offered.
    """

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="contract"
    )
    digests = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    pinned_at = models.DateTimeField(null=True)
    pinned_by = models.CharField(max_length=150, default="", blank=True)

    objects = Scoped["Contract"]()


class WaitingTool(models.Model):
    """A tool of a pinned service that differs from what was approved; `definition` is the offered one.

    One that a person refused stays, until the server changes it again or it is approved after all.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="waiting_tools")
    name = models.CharField(max_length=NAME_LENGTH)
    action = models.CharField(max_length=8, choices=ACTIONS)
    grade = models.CharField(max_length=10, choices=GRADES)
    lines = models.JSONField(default=list, help_text='[{"grade": …, "text": …}]')
    digest = models.CharField(max_length=64, default="", blank=True)
    definition = models.JSONField(null=True)
    since = models.DateTimeField()
    refused_at = models.DateTimeField(null=True)
    refused_by = models.CharField(max_length=150, default="", blank=True)

    objects = Scoped["WaitingTool"]()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="one_waiting_tool")]
        indexes = [
            models.Index(fields=["service"], condition=Q(refused_at=None), name="tools_to_decide_on"),
        ]

    def __str__(self) -> str:
        return self.name


class ContractChange(models.Model):
    """One line of the history: a tool or another item came, went or changed, or a person decided."""

    class Kind(models.TextChoices):
        TOOL = "tool"
        RESOURCE = "resource"
        TEMPLATE = "template"
        PROMPT = "prompt"
        CONTRACT = "contract"

    class Act(models.TextChoices):
        ADDED = "added"
        REMOVED = "removed"
        CHANGED = "changed"
        FIRST_SEEN = "first-seen"
        MORE = "more"
        PINNED = "pinned"
        UNPINNED = "unpinned"
        APPROVED = "approved"
        REFUSED = "refused"

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="contract_changes")
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=NAME_LENGTH, default="", blank=True)
    action = models.CharField(max_length=10, choices=Act.choices)
    grade = models.CharField(max_length=10, choices=GRADES, default="", blank=True)
    lines = models.JSONField(default=list)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    by = models.CharField(max_length=150, default="", blank=True)
    waits = models.BooleanField(default=False, help_text="it came while the service was pinned")

    objects = Scoped["ContractChange"]()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["service", "-id"], name="contract_change_of_service"),
            models.Index(fields=["at", "id"], name="contract_change_by_time"),
            models.Index(
                fields=["service", "-id"],
                condition=Q(kind__in=["resource", "template", "prompt"]),
                name="contract_change_of_items",
            ),
        ]

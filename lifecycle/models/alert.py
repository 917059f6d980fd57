"""Alert rules, the channels they speak through, and the episodes they open."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from lifecycle.core.alerting.messages import NEEDED_BY
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.models.command import Command
from registry.core.scope import Limits
from registry.models import SealedField, Service
from registry.models.hidden import SaidField
from registry.models.scoped import Scoped, names_in


class Channel(models.Model):
    """A way to reach people. `sealed` is its encrypted configuration: addresses, URL, signing secrets.

    What kinds there are stands in `lifecycle.alerts.senders.kinds`.
    """

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20)
    sealed = SealedField()
    summary = models.CharField(max_length=200, help_text="what people may see of the configuration")
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=300, default="", blank=True)
    quiet_until = models.DateTimeField(null=True, help_text="until when new messages are gathered")
    pinged_at = models.DateTimeField(null=True, help_text="of a heartbeat: when it was sent last")
    ping_ok = models.BooleanField(null=True)
    ping_answer = models.CharField(max_length=300, default="", blank=True)
    urgent_quiet_until = models.DateTimeField(null=True, help_text="the same of critical ones")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class AlertRule(models.Model):
    """When to tell whom; `states`, `seconds`, `breaking_only` belong to one condition each, in this order.

    `for_seconds` is how long a state, or a missing sign-in, must last before it is told.
    """

    class Level(models.TextChoices):
        INFO = "INFO"
        WARNING = "WARNING"
        ERROR = "ERROR"
        CRITICAL = "CRITICAL"

    class Condition(models.TextChoices):
        STATE_ENTERED = "state-entered"
        NOT_SERVING_FOR = "not-serving-for"
        TOOLS_CHANGED = "tools-changed"
        MASS_FAILURE = "mass-failure"
        NEEDS_SIGN_IN = "needs-sign-in"
        METRIC = "metric"
        BUDGET_BURN = "budget-burn"
        UNUSUALLY_SLOW = "unusually-slow"
        FLAPPING = "flapping"
        WORKER_SILENT = "worker-silent"
        HOST = "host"
        CERTIFICATE = "certificate-expires"
        ACCESS = "access-expires"
        UPSTREAM = "upstream"

    class Response(models.TextChoices):
        RESTART = "restart"
        RECONNECT = "reconnect"
        STOP = "stop"

    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.ERROR)
    condition = models.CharField(max_length=20, choices=Condition.choices)
    states = models.JSONField(default=list)
    seconds = models.PositiveIntegerField(default=300)
    for_seconds = models.PositiveIntegerField(default=15)
    breaking_only = models.BooleanField(default=False)
    metric = models.CharField(max_length=24, default="error_rate", help_text="of `core.alerting.measured`")
    threshold = models.FloatField(default=0.1)
    window_seconds = models.PositiveIntegerField(default=300)
    scope = models.JSONField(
        default=dict, help_text='{"kind": "all"} or {"kind": "services"|"tags"|"profiles", "values": [...]}'
    )
    cooldown_seconds = models.PositiveIntegerField(default=300)
    keep_firing_seconds = models.PositiveIntegerField(default=0)
    reminder_seconds = models.PositiveIntegerField(default=0, help_text="0 is never")
    message = models.CharField(max_length=500, default="", blank=True)
    notify_recovery = models.BooleanField(default=True)
    channels = models.ManyToManyField(Channel, blank=True, related_name="rules")
    steps = models.JSONField(
        default=list, help_text='who else is told, `core.alerting.escalation.Step`: [{"wait", "channels", …}]'
    )
    response = models.CharField(
        max_length=10, choices=Response.choices, default="", blank=True, help_text="what the console does"
    )
    created_at = models.DateTimeField()

    objects = Scoped["AlertRule"]()

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those that speak of all services, and those that name visible ones, or tags of all of which are."""
        return Q(pk__in=[row.pk for row in AlertRule._base_manager.all() if row.is_of(limits)])

    def is_of(self, limits: Limits) -> bool:
        """Whether it names nothing that is out of these limits."""
        names = set(self.scope.get("values", ()))
        match self.scope.get("kind"):
            case "services":
                return names <= names_in(limits, names)
            case "tags":
                return all(names <= scope.tags for scope in limits)
            case "agents":
                return all(names <= scope.agents for scope in limits)
        return True

    def __str__(self) -> str:
        return self.name


class Episode(models.Model):
    """One stretch of one rule being true for one subject, mostly a service; at most one is open."""

    class State(models.TextChoices):
        PENDING = "pending"
        FIRING = "firing"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    class Ending(models.TextChoices):
        RECOVERED = "recovered"
        RESTARTED = "restarted"
        RECONNECTED = "reconnected"
        STARTED = "started"
        RECONFIGURED = "reconfigured"
        SIGN_IN = "sign-in"
        STOPPED = "stopped"
        REMOVED = "removed"
        ARCHIVED = "archived"
        RULE_OFF = "rule-off"
        RULE_CHANGED = "rule-changed"
        RULE_DELETED = "rule-deleted"
        TOLD = "told"

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="episodes")
    service = models.ForeignKey(
        Service,
        null=True,
        on_delete=models.CASCADE,
        related_name="episodes",
        help_text="none where the episode is of something else",
    )
    subject_kind = models.CharField(
        max_length=12, choices=[(kind.value, kind.value) for kind in Kind], default=Kind.SERVICE.value
    )
    subject_name = models.CharField(
        max_length=200, default="", blank=True, help_text="of what is no service: a worker, for one"
    )
    state = models.CharField(max_length=12, choices=State.choices)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, help_text="when a pending episode fires, if nothing changes")
    fired_at = models.DateTimeField(null=True)
    clears_at = models.DateTimeField(null=True, help_text="when it ends, if it does not begin again")
    reminded_at = models.DateTimeField(null=True)
    escalated = models.PositiveSmallIntegerField(default=0, help_text="turns of the rule's steps taken")
    escalated_at = models.DateTimeField(null=True, help_text="from when the wait for the next turn counts")
    escalates_at = models.DateTimeField(null=True, help_text="when the next turn is, if nobody takes it on")
    responded = models.ForeignKey(
        Command, null=True, on_delete=models.SET_NULL, related_name="+", help_text="the rule's response"
    )
    response = models.CharField(max_length=300, default="", blank=True, help_text="what came of it, in words")
    response_over = models.BooleanField(default=False, help_text="people were told that it did not help")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, default="", blank=True)
    resolved_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=16, choices=Ending.choices, default="", blank=True)
    ended_by = models.CharField(max_length=150, default="", blank=True, help_text="the person who ended it")
    summary = SaidField(naming={NEEDED_BY: ""}, max_length=1000, default="", blank=True)

    objects = Scoped["Episode"]()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "service"], condition=~Q(state="resolved"), name="one_open_episode"
            ),
            models.UniqueConstraint(
                fields=["rule", "subject_kind", "subject_name"],
                condition=Q(service=None) & ~Q(state="resolved"),
                name="one_open_episode_beside",
            ),
            models.CheckConstraint(
                condition=Q(service__isnull=False, subject_kind="service", subject_name="")
                | (Q(service=None) & ~Q(subject_kind="service")),
                name="episode_has_a_subject",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="episode_due"),
            models.Index(
                fields=["state", "rule", "service", "id"], condition=~Q(state="resolved"), name="episode_open"
            ),
            models.Index(fields=["escalates_at"], condition=Q(state="firing"), name="episode_escalates"),
            models.Index(fields=["service", "-id"], name="episode_by_service"),
            models.Index(fields=["rule", "service", "-fired_at"], name="episode_last_fired"),
            models.Index(
                fields=["fired_at", "id"], condition=Q(fired_at__isnull=False), name="episode_by_firing"
            ),
            models.Index(
                fields=["acknowledged_at", "id"],
                condition=Q(acknowledged_at__isnull=False),
                name="episode_by_acknowledging",
            ),
            models.Index(
                fields=["resolved_at", "id"],
                condition=Q(resolved_at__isnull=False, fired_at__isnull=False),
                name="episode_by_end",
            ),
        ]

    @property
    def subject(self) -> Subject:
        """What it is about."""
        name = self.service.name if self.service else self.subject_name
        return Subject(kind=Kind(self.subject_kind), name=name)

"""A service: what should run. What does run is `lifecycle.ServiceState`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from registry.core.scope import Limits
from registry.models.hidden import EntryField
from registry.models.scoped import Scoped, in_view
from registry.models.sealed import SealedField

NAME_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"


class Transport(models.TextChoices):
    STDIO = "stdio"
    STREAMABLE_HTTP = "streamable-http"
    SSE = "sse"


class Desired(models.TextChoices):
    RUNNING = "running"
    STOPPED = "stopped"


class Priority(models.TextChoices):
    CRITICAL = "critical", _("Critical")
    HIGH = "high", _("High")
    NORMAL = "normal", _("Normal")
    LOW = "low", _("Low")


class Profile(models.TextChoices):
    CRITICAL = "critical", _("Critical")
    NORMAL = "normal", _("Normal")
    BACKGROUND = "background", _("Background")


class ServiceQuerySet(models.QuerySet["Service"]):
    def listed(self) -> ServiceQuerySet:
        """Those a person sees: neither removed nor archived."""
        return self.filter(removed_at=None, archived_at=None)


class Service(models.Model):
    """One configured MCP server; only `registry.services.register` writes it.

    `entry` is the user's own entry, unknown keys included, with every secret value replaced by
    `${secret:NAME}`; `registry.secrets.vault.reveal` puts the values back for the engine alone.
    """

    name = models.CharField(max_length=64)
    transport = models.CharField(max_length=16, choices=Transport.choices)
    entry = EntryField(default=dict)
    endpoint = models.CharField(max_length=500, help_text="URL or command line, secrets masked, for people")
    timeout = models.FloatField(null=True, help_text="seconds for one call; null is the default")
    tags = models.JSONField(default=list)
    description = models.TextField(default="", blank=True)
    profile = models.CharField(max_length=16, choices=Profile.choices, default=Profile.NORMAL)
    priority = models.CharField(max_length=16, choices=Priority.choices, default=Priority.NORMAL)
    desired = models.CharField(max_length=8, choices=Desired.choices, default=Desired.RUNNING)
    revision = models.PositiveIntegerField(
        default=1, help_text="grows with each change the worker must apply"
    )
    approved_hash = models.CharField(max_length=64, default="", blank=True)
    position = models.PositiveIntegerField(default=0, help_text="order in the exported document")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=150, default="", blank=True)

    objects = Scoped.from_queryset(ServiceQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(removed_at=None), name="service_name_unique"
            ),
        ]
        indexes = [
            models.Index(
                Lower("name"),
                "id",
                condition=Q(removed_at=None, archived_at=None),
                name="service_by_name",
            ),
            models.Index(
                fields=["desired"], condition=Q(removed_at=None, archived_at=None), name="service_counts"
            ),
            models.Index(
                fields=["id"],
                condition=Q(removed_at__isnull=False) | Q(archived_at__isnull=False),
                name="service_unlisted",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those that whoever is limited so sees."""
        return in_view("pk", limits)

    @property
    def is_listed(self) -> bool:
        """Whether people see it: it is neither removed nor archived."""
        return self.removed_at is None and self.archived_at is None


class RegistryHead(models.Model):
    """One row: how far the configuration has come, and how far its exported image."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    revision = models.PositiveBigIntegerField(default=0)
    exported_revision = models.PositiveBigIntegerField(default=0)
    exported_sha256 = models.CharField(max_length=64, default="", blank=True)
    drift_sha256 = models.CharField(
        max_length=64, default="", blank=True, help_text="of a file edited by hand"
    )
    drift_seen_at = models.DateTimeField(null=True)
    cut_rules = models.PositiveSmallIntegerField(
        default=0, help_text="by which rules credentials were cut out of every entry"
    )
    key_check = SealedField(default="", blank=True, help_text="opens with the key file that belongs here")
    clock_seen_at = models.DateTimeField(null=True, help_text="the latest time that the worker believed")
    clock_doubted_at = models.DateTimeField(null=True, help_text="the latest time that it did not believe")
    clock_waited = models.FloatField(default=0.0, help_text="seconds that it has run in this doubt")


class CatalogPage(models.Model):
    """One address of a registry: asked for by a person, fetched by the worker, forgotten after a day."""

    class State(models.TextChoices):
        WANTED = "wanted"
        TAKEN = "taken"
        DONE = "done"

    address = models.CharField(max_length=1000, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WANTED)
    text = models.TextField(default="", blank=True)
    error = models.CharField(max_length=500, default="", blank=True)
    asked_at = models.DateTimeField()
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="wanted"), name="catalog_page_wanted")
        ]

    def __str__(self) -> str:
        return self.address


class UpstreamStatus(models.Model):
    """One version of a server as its registry spoke of it last: active, deprecated or deleted."""

    name = models.CharField(max_length=201)
    version = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=12)
    said = models.CharField(max_length=500, default="", blank=True, help_text="the publisher's reason")
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="upstream_of_a_version")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

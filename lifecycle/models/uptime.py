"""What uptime is counted from besides the states, and what was counted; written by `monitoring.uptime`.

And the status pages that tell others of it, written by `monitoring.uptime.statuspages`.
"""

from __future__ import annotations

import json

from django.db import models
from django.db.models import Q

from lifecycle.models.alert import Episode
from registry.core.scope import Limits, plain, read
from registry.models import Service
from registry.models.scoped import Scoped, in_view


class MonitoringGap(models.Model):
    """A time that no state vouches for; `ended_at` is null while it lasts.

    Of no service: nobody looked after any. Of one: its checks proved nothing, for the fault of our own that
    `cause` names; or it is at rest and does not count, for somebody stopped, removed or archived it after the
    console had given up, which no transition tells.
    """

    class Cause(models.TextChoices):
        WORKER = "worker", "no worker ran"
        ASLEEP = "asleep", "the worker stood still"
        RESTING = "resting"
        MAINTENANCE = "maintenance"

    service = models.ForeignKey(
        Service, null=True, on_delete=models.CASCADE, db_index=False, related_name="monitoring_gaps"
    )
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=12, help_text="one of these, or of `core.health.inconclusive.Ours`")

    objects = Scoped["MonitoringGap"]()

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those of visible services, and those in which nobody looked after any."""
        return Q(service=None) | in_view("service", limits)

    class Meta:
        indexes = [
            models.Index(fields=["service", "ended_at"], name="gap_by_service"),
            models.Index(fields=["ended_at"], name="gap_of_all", condition=Q(service=None)),
            models.Index(fields=["cause"], name="gap_open", condition=Q(ended_at=None)),
        ]


class UptimeDay(models.Model):
    """One closed local day of one service; `at` is its midnight in seconds since 1970.

    What is left of the day is unknown. A day of which all is unknown has no row.
    """

    pk = models.CompositePrimaryKey("service_id", "at")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, db_index=False, related_name="+")
    at = models.BigIntegerField()
    serving_s = models.FloatField()
    down_s = models.FloatField()
    excluded_s = models.FloatField()
    unknown_s = models.FloatField()

    objects = Scoped["UptimeDay"]()


class UptimeMark(models.Model):
    """One row: how far the days are accounted: up to `until`, and to `target` of services up to `after`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    zone = models.CharField(max_length=64, help_text="whose days they are")
    until = models.BigIntegerField(help_text="a midnight, seconds since 1970")
    target = models.BigIntegerField(help_text="the midnight up to which a round under way accounts")
    after = models.BigIntegerField(default=0, help_text="the last service that it has done")
    change = models.BigIntegerField(default=0, help_text="id of the last transition that was looked at")
    pruned = models.BigIntegerField(default=0, help_text="older transitions than this may be deleted")


class ServiceHours(models.Model):
    """When one service is expected to serve; without a row, always. Minutes are after midnight."""

    service = models.OneToOneField(Service, on_delete=models.CASCADE, primary_key=True, related_name="hours")
    weekdays = models.CharField(max_length=7, help_text="0 is Monday; 01234 is Monday to Friday")
    opens = models.PositiveSmallIntegerField()
    closes = models.PositiveSmallIntegerField(help_text="not after `opens`: of the next day")
    zone = models.CharField(max_length=64)
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField()

    objects = Scoped["ServiceHours"]()


class ListFigures(models.Model):
    """What the services list shows of one, summed up beforehand so that a page of it costs no query more.

    The seconds are those of the closed days of the 90 shown, up to the midnight `until`.
    """

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="figures"
    )
    until = models.BigIntegerField(default=0)
    serving_s = models.FloatField(default=0.0)
    down_s = models.FloatField(default=0.0)
    excluded_s = models.FloatField(default=0.0)
    response = models.CharField(
        max_length=240, default="", blank=True, help_text="median of each of the last 24 hours, ms; - is none"
    )

    objects = Scoped["ListFigures"]()


def limits_text(limits: Limits) -> str:
    """Limits as they are kept: the same text for the same limits; "[]" for none."""
    return json.dumps(sorted((plain(scope) for scope in limits), key=str))


class StatusPage(models.Model):
    """What strangers may see of some services. `limits` are those of whoever made it: it shows no others.

    `version` grows with each change, so that no web process shows what it was before.
    """

    class Visibility(models.TextChoices):
        OFF = "off"
        LINK = "link"
        PUBLIC = "public"

    title = models.CharField(max_length=100)
    slug = models.CharField(max_length=64, unique=True, help_text="of the public address")
    intro = models.CharField(max_length=500, default="", blank=True, help_text="shown below the title")
    visibility = models.CharField(max_length=6, choices=Visibility.choices, default=Visibility.OFF)
    token_digest = models.CharField(max_length=64, null=True, unique=True)
    token_hint = models.CharField(max_length=12, default="", blank=True)
    token_issued_at = models.DateTimeField(null=True)
    tags = models.JSONField(default=list, help_text="all services with one of them are on it")
    own_names = models.BooleanField(default=False, help_text="services without a public name show their own")
    show_uptime = models.BooleanField(default=True)
    show_incidents = models.BooleanField(default=True)
    show_maintenance = models.BooleanField(default=True)
    badges = models.BooleanField(default=False)
    limits = models.TextField(default="[]")
    version = models.PositiveIntegerField(default=1)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = Scoped["StatusPage"]()

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those that were made within the very same limits."""
        return Q(limits=limits_text(limits))

    @property
    def view(self) -> Limits:
        """Of which services it may show anything."""
        return frozenset(read(one) for one in json.loads(self.limits))

    def __str__(self) -> str:
        return self.title


class StatusPageService(models.Model):
    """One service on one page: whether it was chosen by name, and what strangers call it."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="services")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    chosen = models.BooleanField(default=False, help_text="by name, and not by a tag")
    public_name = models.CharField(max_length=80, default="", blank=True)

    objects = Scoped["StatusPageService"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["page", "service"], name="service_once_on_page")]


class StatusPageNote(models.Model):
    """What a person tells the readers of one page about one alert; without one they hear nothing of it."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="notes")
    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="public_notes")
    text = models.CharField(max_length=1000)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    objects = Scoped["StatusPageNote"]()
    scoped_by = "episode__service"

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["page", "at"], name="status_note_by_page")]

"""What uptime is counted from besides the states, and what was counted; written by `monitoring.uptime`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.core.scope import Limits
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

"""Targets for services, how far each is used up, and who is unusually slow.

`monitoring.uptime.slo` alone writes them. Moments that are whole numbers are in seconds since 1970.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.core.scope import Limits
from registry.models import Service
from registry.models.scoped import Scoped, in_view


class Slo(models.Model):
    """A target of one service, or of all that have a tag; exactly one of the two is set."""

    class Kind(models.TextChoices):
        AVAILABILITY = "availability"
        RESPONSE = "response"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE, related_name="slos")
    tag = models.CharField(max_length=200, default="", blank=True)
    percent = models.DecimalField(max_digits=6, decimal_places=3, help_text="the goal: 99.9")
    under_ms = models.PositiveIntegerField(null=True, help_text="of a response target: what counts as quick")
    days = models.PositiveSmallIntegerField(default=30)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, help_text="grows with each change of what is measured")

    objects = Scoped["Slo"]()

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those of visible services, and of tags all of whose services are visible."""
        tags = frozenset.intersection(*(scope.tags for scope in limits))
        return in_view("service", limits) | Q(service=None, tag__in=tags)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(service__isnull=True, tag__gt="") | Q(service__isnull=False, tag=""),
                name="slo_of_service_or_tag",
            )
        ]


class SloState(models.Model):
    """What the house worker last found of a target; pages read this row alone.

    `trail` are the 5 minutes of the last 3 days, `closed` the days before them; `burns` is by window in
    seconds. Of what nobody knows there is nothing in any of them.
    """

    slo = models.OneToOneField(Slo, on_delete=models.CASCADE, primary_key=True, related_name="state_row")
    version = models.PositiveIntegerField(help_text="of the target, for which it was found")
    evaluated_at = models.DateTimeField()
    members = models.PositiveIntegerField(default=0)
    member_digest = models.CharField(max_length=16, default="", blank=True)
    total_s = models.FloatField(default=0.0)
    left_s = models.FloatField(default=0.0)
    share = models.FloatField(null=True, help_text="what was good, of what is known, over the period")
    known_s = models.FloatField(default=0.0)
    burns = models.JSONField(default=dict)
    gone_at = models.DateTimeField(null=True, help_text="at the rate of the last hour")
    pages = models.CharField(max_length=20, default="", blank=True, help_text="the windows that would page")
    trail = models.TextField(default="[]")
    closed = models.TextField(default="{}")

    objects = Scoped["SloState"]()

    @staticmethod
    def within(limits: Limits) -> Q:
        """Those of visible targets."""
        return Q(slo__in=Slo._base_manager.filter(Slo.within(limits)))


class SlownessProfile(models.Model):
    """The medians of one service by time of day, as `core.monitoring.expectations.slowness` keeps them."""

    service = models.OneToOneField(Service, on_delete=models.CASCADE, primary_key=True, related_name="+")
    until = models.BigIntegerField(help_text="the midnight up to which days are learnt")
    days = models.PositiveSmallIntegerField(default=0, help_text="how many of the last 14 were seen")
    zone = models.CharField(max_length=64, default="", blank=True)
    data = models.BinaryField()

    objects = Scoped["SlownessProfile"]()


class Slowness(models.Model):
    """Whether one service is unusually slow, and the working behind it; times in ms."""

    class Verdict(models.TextChoices):
        LEARNING = "learning"
        USUAL = "usual"
        ABOVE = "above"  # above the margin, not for long enough yet
        SLOW = "slow"
        NO_DATA = "no-data"

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="slowness"
    )
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    since = models.BigIntegerField(null=True, help_text="since when it is above the margin")
    evaluated_at = models.BigIntegerField()
    median_ms = models.FloatField(null=True)
    usual_ms = models.FloatField(null=True)
    mad_ms = models.FloatField(null=True)
    margin_ms = models.FloatField(null=True)
    days = models.PositiveSmallIntegerField(default=0)

    objects = Scoped["Slowness"]()

    class Meta:
        indexes = [models.Index(fields=["service"], condition=Q(verdict="slow"), name="slowness_slow")]


class ErrorRate(models.Model):
    """A service of whose checks or tool calls more fail than is allowed; a row is there while that is so.

    Written by `monitoring.listed`. Counted from `counted_since` on: the last hour, or since it came back.
    """

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="error_rate"
    )
    since = models.BigIntegerField(help_text="when it was found first")
    counted_since = models.BigIntegerField()
    calls = models.PositiveIntegerField(default=0)
    failed_calls = models.PositiveIntegerField(default=0)
    checks = models.PositiveIntegerField(default=0)
    failed_checks = models.PositiveIntegerField(default=0)

    objects = Scoped["ErrorRate"]()

"""Policies and the settings of monitoring as people changed them: only what differs from what is shipped."""

from __future__ import annotations

from django.db import models

from registry.models import Profile, Service
from registry.models.scoped import Scoped


class PolicyHead(models.Model):
    """One row; its revision grows with each change of a policy, so that workers notice by one small query."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    revision = models.PositiveBigIntegerField(default=0)


class PolicyProfile(models.Model):
    """A profile's numbers that are not the shipped ones; times are seconds. Written by `policies`."""

    name = models.CharField(max_length=16, primary_key=True, choices=Profile.choices)
    changes = models.JSONField(default=dict)
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ServicePolicy(models.Model):
    """A service's own numbers, on top of its profile's. Written by `policies`."""

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="own_policy"
    )
    changes = models.JSONField(default=dict)
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField()

    objects = Scoped["ServicePolicy"]()


class MonitoringSettings(models.Model):
    """One row: how monitoring is set. Written by `monitoring.settings`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    changes = models.JSONField(default=dict)
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField()

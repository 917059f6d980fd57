"""Versions of the exported mcp.json."""

from __future__ import annotations

from django.db import models

from registry.models.scoped import Scoped, nothing


class ConfigVersion(models.Model):
    """The document as it was exported: who, when, what changed. Values of secrets are not in it."""

    number = models.PositiveIntegerField(unique=True)
    document = models.TextField()
    sha256 = models.CharField(max_length=64)
    author = models.CharField(max_length=150)
    summary = models.CharField(max_length=500)
    created_at = models.DateTimeField()

    objects = Scoped["ConfigVersion"]()
    within = staticmethod(nothing)

    def __str__(self) -> str:
        return f"version {self.number}"

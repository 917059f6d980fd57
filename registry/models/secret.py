"""Named values that are never shown again."""

from __future__ import annotations

from django.db import models

from registry.models.sealed import SealedField
from registry.models.service import Service


class Secret(models.Model):
    """A value encrypted with the key file; `service` owns it, or, when null, entries share it by name."""

    name = models.CharField(max_length=200, unique=True)
    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE, related_name="secrets")
    ciphertext = SealedField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

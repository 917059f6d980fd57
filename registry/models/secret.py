"""Secrets: named values, encrypted and never shown again."""

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
    unused_since = models.DateTimeField(null=True, help_text="when no service was seen to use it any more")

    def __str__(self) -> str:
        return self.name


class KeptSecret(models.Model):
    """A value of a removed service, kept aside since a later service took the secret's name."""

    service = models.ForeignKey(
        Service, on_delete=models.CASCADE, related_name="kept_secrets", db_index=False
    )
    name = models.CharField(max_length=200)
    ciphertext = SealedField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="kept_secret_unique")]

    def __str__(self) -> str:
        return self.name

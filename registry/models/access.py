"""Roles, API tokens, failed sign-ins and the audit log."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from registry.models.scoped import Scoped, nothing


class Role(models.TextChoices):
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Membership(models.Model):
    """A user's role; a user without one may only look."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.VIEWER)
    scope = models.JSONField(
        default=dict, blank=True, help_text='{"tags": [...], "agents": [...]}; empty is everything'
    )
    printed = models.CharField(
        max_length=64, default="", blank=True, help_text="digest of the kept password that a terminal showed"
    )


class PasswordLink(models.Model):
    """A link by which a person sets a password, or `signs_in`; it is deleted when it is used."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="password_links"
    )
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=150)
    signs_in = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()


class ApiToken(models.Model):
    """A bearer token, kept as its SHA-256 digest; `hint` is its first characters, to tell tokens apart."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    role = models.CharField(max_length=8, choices=Role.choices)
    scope = models.JSONField(default=dict, blank=True, help_text="as a person's; the owner's holds beside it")
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=16)
    name = models.CharField(max_length=100, default="", blank=True, help_text="what it is for")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.hint}… ({self.role})"


class SignInAttempt(models.Model):
    """One attempt to sign in that was not good; `name` is a keyed digest: it may be a mistyped password.

    `source` is the address, or the browser where that has signed in with this name before.
    """

    at = models.DateTimeField()
    source = models.CharField(max_length=64)
    name = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["source", "at"], name="attempt_by_source")]

    def __str__(self) -> str:
        return self.source


class AuditEntry(models.Model):
    """Who did what to which thing; `registry.access.audit` writes it, and nobody changes it.

    `before` and `after` are JSON of what differs, without secret values. `seal` is a keyed digest of the row,
    `link` one of the row before it in the chain; `position` counts from 1 without a gap.
    """

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=150, db_index=True)
    action = models.CharField(max_length=64, db_index=True)
    target = models.CharField(max_length=200, db_index=True)
    detail = models.CharField(max_length=500, default="", blank=True)
    door = models.CharField(max_length=8, default="", blank=True)
    address = models.CharField(max_length=64, default="", blank=True)
    before = models.TextField(default="", blank=True)
    after = models.TextField(default="", blank=True)
    members = models.PositiveIntegerField(default=0)
    seal = models.CharField(max_length=64, default="", blank=True)
    position = models.PositiveBigIntegerField(null=True, unique=True)
    link = models.CharField(max_length=64, default="", blank=True)

    objects = Scoped["AuditEntry"]()
    within = staticmethod(nothing)

    class Meta:
        ordering = ["-id"]


class AuditMember(models.Model):
    """One of the many things that an act changed together."""

    entry = models.ForeignKey(AuditEntry, on_delete=models.CASCADE, related_name="named")
    name = models.CharField(max_length=64, db_index=True)
    detail = models.CharField(max_length=500, default="", blank=True)
    before = models.TextField(default="", blank=True)
    after = models.TextField(default="", blank=True)

    objects = Scoped["AuditMember"]()
    within = staticmethod(nothing)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class AuditHead(models.Model):
    """One row: where the chain of the audit log begins and ends. `unsealed_to`: older than the seals."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    first_position = models.PositiveBigIntegerField(default=1)
    first_link = models.CharField(max_length=64, default="", blank=True)
    last_position = models.PositiveBigIntegerField(default=0)
    last_link = models.CharField(max_length=64, default="", blank=True)
    unsealed_to = models.PositiveBigIntegerField(default=0)
    seal = models.CharField(max_length=64, default="", blank=True)

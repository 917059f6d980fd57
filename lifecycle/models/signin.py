"""Sign-in to services by OAuth: the grant in force, the attempt under way, and this console's registrations.

`lifecycle.signin` alone writes them. It is no configuration: no export or version holds a token.
"""

from __future__ import annotations

from django.db import models

from registry.models import SealedField, Service
from registry.models.scoped import Scoped


class ServiceSignIn(models.Model):
    """What the console may present to one service: its tokens, and the client that they were given to.

    `server` is the authorization server's metadata, `wanted` the scopes that a refusal asked for. `cut` says
    that a renewal was sent and its answer never kept, so that the refresh token may be used up.
    """

    class Grant(models.TextChoices):
        CODE = "code"
        CLIENT = "client"

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="sign_in"
    )
    version = models.PositiveBigIntegerField(default=1)
    grant = models.CharField(max_length=8, choices=Grant.choices, default=Grant.CODE)
    prior = SealedField(default="", blank=True, help_text="the client that an admin typed")
    prior_id = models.CharField(max_length=500, default="", blank=True)
    issuer = models.CharField(max_length=500, default="", blank=True)
    resource = models.CharField(max_length=1000, default="", blank=True)
    server = models.JSONField(default=dict)
    client = SealedField(default="", blank=True)
    tokens = SealedField(default="", blank=True)
    scope = models.TextField(default="", blank=True, help_text="what was granted")
    wanted = models.TextField(default="", blank=True)
    expires_at = models.DateTimeField(null=True)
    renew_at = models.DateTimeField(null=True)
    renews = models.BooleanField(default=True, help_text="a refresh token came along")
    renewing_since = models.DateTimeField(null=True)
    cut = models.BooleanField(default=False)
    problem = models.CharField(max_length=16, default="", blank=True, help_text="as in `core.answers.causes`")
    said = models.CharField(max_length=500, default="", blank=True, help_text="the server's own words")
    signed_in_by = models.CharField(max_length=150, default="", blank=True)
    signed_in_at = models.DateTimeField(null=True)

    objects = Scoped["ServiceSignIn"]()
    empties_with_key = True


class SignInFlow(models.Model):
    """The latest attempt to sign in to a service, step by step; beginning anew replaces it.

    `lines` are what happened so far, each `[step, word, details]`. `pending` is what the answer of the
    authorization server will be compared with; only its digest finds the row.
    """

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="sign_in_flow"
    )
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField()
    redirect_uri = models.CharField(max_length=500)
    anew = models.BooleanField(default=False, help_text="the registration kept for the issuer is not used")
    step = models.CharField(max_length=16)
    lines = models.JSONField(default=list)
    state_digest = models.CharField(max_length=64, default="", blank=True, db_index=True)
    pending = SealedField(default="", blank=True)
    failure = models.CharField(max_length=16, default="", blank=True)
    said = models.CharField(max_length=1000, default="", blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = Scoped["SignInFlow"]()
    empties_with_key = True


class SignInClient(models.Model):
    """Our registration with one issuer; empty while a worker registers."""

    issuer = models.CharField(max_length=500)
    redirect_uri = models.CharField(max_length=500)
    client = SealedField(default="", blank=True)
    claimed_at = models.DateTimeField()
    empties_with_key = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "redirect_uri"], name="sign_in_client_unique")
        ]

    def __str__(self) -> str:
        return self.issuer

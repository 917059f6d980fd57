"""The rule for the URLs of services on this installation: which networks they may reach."""

from __future__ import annotations

from django.conf import settings

from registry.core.entries.addresses import Rule


def rule() -> Rule:
    """Loopback and private networks too, unless MCPSTORE_EGRESS_STRICT leaves only the allowed ones."""
    return Rule.read(settings.EGRESS_ALLOW, private=not settings.EGRESS_STRICT)

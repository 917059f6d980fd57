"""Rules and channels as the audit log keeps them: no secret value is in it."""

from __future__ import annotations

from typing import Any

from lifecycle.models import AlertRule, Channel

NOT_TOLD = frozenset({"id", "created_at"})


def of_rule(rule: AlertRule) -> dict[str, Any]:
    """Every setting of the rule as it is stored, and the names of its channels."""
    fields = {field.attname for field in AlertRule._meta.concrete_fields} - NOT_TOLD
    stored = AlertRule.objects.filter(pk=rule.pk).values(*sorted(fields)).first() or {}
    channels = sorted(rule.channels.values_list("name", flat=True)) if stored else []
    return {**stored, "channels": channels}


def of_channel(channel: Channel) -> dict[str, Any]:
    """Its name, kind and what people may see of its configuration."""
    fields = ("name", "kind", "summary", "enabled", "disabled_reason")
    return Channel.objects.filter(pk=channel.pk).values(*fields).first() or {}

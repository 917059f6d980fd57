"""A service with a canary in every field of every table that says something of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import timezone

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring.summary import EMPTY
from lifecycle.models import (
    AlertRule,
    Batch,
    Channel,
    Delivery,
    DeliveryAttempt,
    Episode,
    ServiceState,
    StatusPage,
)
from registry.models import Agent, AgentService, AuditEntry, AuditMember, ConfigVersion, SealedField, Service
from registry.secrets import vault

CANARY = "xq7b9z"
PK = 7_077
"""Of every planted row that has a key of its own."""
NO_TEXT = {
    "Service": {"approved_hash", "transport", "removed_by"},
    "ServiceState": {"worker"},
    "Slo": {"tag"},
    "Episode": {"subject_name"},
    "ServiceHours": {"weekdays", "zone"},
    "ListFigures": {"response"},
    "Contract": {"digests"},
    "SlownessProfile": {"zone"},
    "MonitoringGap": {"cause"},
}
WORDS = {
    "state": "UNREACHABLE",
    "after": "UNREACHABLE",
    "before": "HEALTHY",
    "event": "lost",
    "error_kind": "timeout",
    "last_level": "unhealthy",
    "unsure": "",
    "error_cause": "",
    "connect_mode": "",
    "pages": "",
    "trail": "[]",
    "closed": "{}",
    "verdict": "usual",
}
NUMBERS = {"level": 1, "opens": 540, "closes": 1020, "span": 300, "percent": 99, "days": 30}
LINE = [{"grade": "breaking", "text": CANARY}]
JSON: dict[tuple[str, str], Any] = {
    ("Service", "tags"): ["team-b", CANARY],
    ("Service", "entry"): {"url": f"https://{CANARY}.example/mcp", CANARY: CANARY},
    ("ContractChange", "lines"): LINE,
    ("ContractChange", "old"): {"name": CANARY},
    ("ContractChange", "new"): {"name": CANARY},
    ("WaitingTool", "lines"): LINE,
    ("WaitingTool", "definition"): {"name": CANARY, "description": CANARY, "inputSchema": {"type": "object"}},
    ("Tool", "input_schema"): {"type": "object", "properties": {CANARY: {"type": "string"}}},
    ("ContentItem", "data"): {"name": CANARY, "uri": CANARY},
}


def _value(model: type[models.Model], field: models.Field[Any, Any], known: dict[str, Any]) -> Any:
    name, kind = model.__name__, type(field).__name__
    if field.name in known:
        return known[field.name]
    if isinstance(field, models.ForeignKey):
        return None
    if isinstance(field, SealedField):
        return vault.seal(json.dumps({"tool": CANARY, "arguments": {CANARY: CANARY}, "content": [CANARY]}))
    if isinstance(field, models.JSONField):
        return JSON.get((name, field.name), field.get_default())
    if isinstance(field, (models.CharField, models.TextField)):
        return _text(name, field)
    if isinstance(field, models.BinaryField):
        return packing.pack(EMPTY)
    if isinstance(field, models.DateTimeField):
        return None if field.null else timezone.now()
    if field.name in NUMBERS:
        return NUMBERS[field.name]
    if kind == "BooleanField":
        return field.get_default()
    return field.get_default() if field.has_default() else None if field.null else PK


def _text(name: str, field: Any) -> str:
    if field.choices:
        return str(field.choices[0][0])
    if field.name in NO_TEXT.get(name, ()):
        return str(field.get_default() or ("streamable-http" if field.name == "transport" else ""))
    if field.name in WORDS:
        return WORDS[field.name]
    return CANARY if (field.max_length or 99) >= len(CANARY) else ""


def row(model: type[models.Model], **known: Any) -> Any:
    """One row with the canary wherever it fits."""
    fields = [one for one in model._meta.concrete_fields if not isinstance(one, models.CompositePrimaryKey)]
    values = {one.name: _value(model, one, known) for one in fields}
    key = model._meta.pk
    if isinstance(key, models.AutoField) and "id" not in known:
        values["id"] = PK
    return model._base_manager.create(**values)


def of_service() -> list[type[models.Model]]:
    """Every table whose rows belong to one service."""
    found = []
    for model in apps.get_models():
        keys = [one for one in model._meta.concrete_fields if one.related_model is Service]
        if len(keys) == 1 and keys[0].name == "service":
            found.append(model)
    return found


def plant(**known: Any) -> Service:
    """The service with a row of each of its tables; rules, messages, agents, audit and versions name it."""
    service: Service = row(Service, name=f"{CANARY}-svc", desired="running", **known)
    channel = row(Channel, kind="console", enabled=True, sealed="")
    rule = row(
        AlertRule,
        condition="state-entered",
        states=["UNREACHABLE"],
        scope={"kind": "services", "values": [service.name]},
    )
    batch = row(Batch, action="check", selection={"filter": {"q": CANARY}}, total=1, seen={})
    page = row(StatusPage, title=CANARY, visibility="off", token_digest=None, tags=[], limits="[]")
    more: dict[str, Any] = {"page": page, "rule": rule, "batch": batch, "service": service, "state": "firing"}
    for model in of_service():
        fields = {one.name for one in model._meta.concrete_fields}
        own = {key: value for key, value in more.items() if key in fields and key != "state"}
        own |= {"fired_at": timezone.now(), "state": "firing"} if model.__name__ == "Episode" else {}
        own |= {"state": "failed"} if model.__name__ == "Command" else {}
        row(model, **own)
    about(service, channel)
    return service


def about(service: Service, channel: Channel) -> None:
    """What is known of it elsewhere."""
    payload = {"type": "alert.firing", "data": {"message": CANARY, "service": service.name, "level": "ERROR"}}
    told = {"payload": payload, "kind": "firing", "state": "dead", "refused": {CANARY: CANARY}, "to": []}
    delivery = row(Delivery, channel=channel, episode=Episode.objects.get(pk=PK), **told)
    row(DeliveryAttempt, delivery=delivery, ok=False)
    agent = row(Agent, name=CANARY, token_digest=None)
    row(AgentService, agent=agent, service_name=service.name)
    entry = row(AuditEntry, action="service changed", target=service.name, position=None, members=1)
    row(AuditMember, entry=entry, name=service.name)
    row(ConfigVersion, number=PK, document=json.dumps({"mcpServers": {service.name: {CANARY: CANARY}}}))
    hour_ago = timezone.now() - timedelta(hours=1)
    gone = row(Service, id=PK + 1, name=f"{CANARY}-gone", desired="stopped", removed_at=hour_ago)
    row(ServiceState, service=gone)

from __future__ import annotations

import pytest
from django.utils import timezone

from registry import registration, secrets
from registry.models import Role, Service

pytestmark = pytest.mark.django_db


def test_a_stdio_service_is_saved_and_revealed():
    doc = '{"mcpServers": {"weather": {"command": "npx", "args": ["-y", "x"], "env": {"API_KEY": "canary-1234"}}}}'
    results = registration.register(doc, by="ann", role=Role.ADMIN, now=timezone.now())
    assert [(r.name, r.outcome) for r in results] == [("weather", "created")]
    service = registration.get("weather")
    assert service.entry["env"] == {"API_KEY": "${secret:weather.env.API_KEY}"}
    assert secrets.reveal(service).env == {"API_KEY": "canary-1234"}
    assert registration.is_approved(service)
    again = registration.register(doc, by="ann", role=Role.ADMIN, now=timezone.now())
    assert again[0].outcome == "unchanged"
    assert Service.objects.count() == 1

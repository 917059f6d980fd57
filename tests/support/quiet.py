"""Each change of alerts' rules, silences and maintenance, for the walk over all pages and REST paths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from lifecycle.alerts.actions import links
from lifecycle.models import Channel, MaintenanceWindow, Silence

Act = Callable[[Any], Any]
SILENCE = {"services": "weather", "length": "60"}
LOCAL = f"{timezone.now() - timedelta(minutes=10):%Y-%m-%dT%H:%M}"
WINDOW = {"name": "Patch day", "starts": LOCAL, "minutes": "60", "zone": "UTC", "enabled": "on"}


def silence(world: Any) -> int:
    world.page.post("/alerts/silences/add/", SILENCE)
    return Silence.objects.get().pk


def window(world: Any) -> int:
    world.page.post("/alerts/maintenance/add/", WINDOW)
    return MaintenanceWindow.objects.get().pk


def act(world: Any) -> Any:
    """From a message, whoever is signed in."""
    offered = links.offered(world.episode(), Channel.objects.get().pk, timezone.now(), service=True)
    return world.page.post(urlsplit(offered["acknowledge"]).path)


PAGES: dict[str, Act] = {
    "alerts_act": lambda w: w.page.post("/alerts/act/", {"pick": [w.episode()]}),
    "alert_note": lambda w: w.page.post(f"/alerts/{w.episode()}/note/", {"text": "on it"}),
    "alert_act": act,
    "alert_snooze": lambda w: w.page.post(f"/alerts/{w.episode()}/snooze/", {"minutes": "60"}),
    "silence_add": lambda w: w.page.post("/alerts/silences/add/", SILENCE),
    "silence_edit": lambda w: w.page.post(f"/alerts/silences/{silence(w)}/", SILENCE),
    "silence_end": lambda w: w.page.post(f"/alerts/silences/{silence(w)}/end/"),
    "window_add": lambda w: w.page.post("/alerts/maintenance/add/", WINDOW),
    "window_edit": lambda w: w.page.post(f"/alerts/maintenance/{window(w)}/", {**WINDOW, "minutes": "30"}),
    "window_end": lambda w: w.page.post(f"/alerts/maintenance/{window(w)}/end/"),
    "window_delete": lambda w: w.page.post(f"/alerts/maintenance/{window(w)}/delete/"),
}
REST: dict[str, Act] = {
    "POST alert-rules": lambda w: w.rest.post("alert-rules", {"name": "Mine", "condition": "mass-failure"}),
    "PATCH alert-rules/{rule_id}": lambda w: w.rest.patch(
        f"alert-rules/{w.alerts()[0].pk}", {"level": "INFO"}
    ),
    "DELETE alert-rules/{rule_id}": lambda w: w.rest.delete(f"alert-rules/{w.alerts()[0].pk}"),
    "POST episodes/{episode_id}/ack": lambda w: w.rest.post(f"episodes/{w.episode()}/ack"),
    "POST episodes/ack": lambda w: w.rest.post("episodes/ack", {"ids": [w.episode()]}),
    "POST deliveries/{delivery_id}/replay": lambda w: w.rest.post(f"deliveries/{w.delivery()}/replay"),
    "POST channels": lambda w: w.rest.post("channels", {"name": "Second", "kind": "console"}),
    "PATCH channels/{channel_id}": lambda w: w.rest.patch(f"channels/{w.alerts()[1].pk}", {"enabled": False}),
    "DELETE channels/{channel_id}": lambda w: w.rest.delete(f"channels/{w.alerts()[1].pk}"),
    "POST channels/{channel_id}/test": lambda w: w.rest.post(f"channels/{w.alerts()[1].pk}/test"),
    "POST silences": lambda w: w.rest.post("silences", {"services": ["weather"], "minutes": 60}),
    "PATCH silences/{silence_id}": lambda w: w.rest.patch(f"silences/{silence(w)}", {"comment": "known"}),
    "DELETE silences/{silence_id}": lambda w: w.rest.delete(f"silences/{silence(w)}"),
    "POST maintenance-windows": lambda w: w.rest.post(
        "maintenance-windows", {"name": "Patch day", "start": LOCAL, "zone": "UTC"}
    ),
    "PATCH maintenance-windows/{window_id}": lambda w: w.rest.patch(
        f"maintenance-windows/{window(w)}", {"minutes": 30}
    ),
    "DELETE maintenance-windows/{window_id}": lambda w: w.rest.delete(f"maintenance-windows/{window(w)}"),
}

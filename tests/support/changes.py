"""Something of everything that can be changed, and each page and REST path that changes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from lifecycle.alerts.outbox import write as outbox_write
from lifecycle.core.machine.states import State
from lifecycle.models import (
    AlertRule,
    Batch,
    Channel,
    Command,
    Delivery,
    Episode,
    ServiceState,
    Slo,
)
from lifecycle.operations.bulk import operations as bulk_operations
from registry.access import tokens
from registry.access.people import operations as people_operations
from registry.access.sessions import queries as session_queries
from registry.agents import operations as agent_operations
from registry.agents import tokens as agent_tokens
from registry.contracts import approve
from registry.mcpjson import drift, image
from registry.models import ApiToken, Role, Service
from registry.services import register
from tests.lifecycle.alerts.test_pages_rules import rule_data
from tests.registry.services.test_pages_editing import form_of
from tests.support import catalog, factors, persons, quiet, saved_views, statuspages, trials
from tests.support.api import Api
from tests.support.contracts import digest
from tests.support.fleet import make_rule
from tests.support.importing import save as save_preview
from tests.support.offering import offer, tool
from tests.support.pages import HTMX, make_worker, signed_in, text_of

PASSWORD = "correct horse battery"
FRESH = {"new_password1": "battery staple 7", "new_password2": "battery staple 7"}
PHRASE = "a passphrase of many words"


class World:
    """An admin with a browser and a token, and something of everything that can be changed."""

    def __init__(self, file: Path) -> None:
        self.page, self.file, now = signed_in(Role.ADMIN), file, timezone.now()
        self.me = User.objects.get(username="admin-1")
        self.rest = Api(tokens.issue(self.me, Role.ADMIN, now))
        entries = {name: {"url": f"https://{name}.example/mcp"} for name in ("weather", "files", "bulk")}
        register.register(entries, by="ann", role=Role.ADMIN, now=now)
        for service in Service.objects.all():
            ServiceState.objects.create(service=service, state=State.HEALTHY, state_entered_at=now)
        weather = register.get("weather")
        offer(weather, tool("a"))
        approve.pin("weather", by="ann", now=now)
        offer(weather, tool("a", "a"), tool("c"))
        image.export_pending(author="ann", now=now)
        agent_operations.add("desk", ["files"], by="ann", now=now)
        agent_tokens.issue("desk", by="ann", now=now)
        make_worker()
        self.gone = register.remove("bulk", by="ann", now=now)
        register.register({"bulk": entries["bulk"]}, by="ann", role=Role.ADMIN, now=now)
        self.old = register.remove("files", by="ann", now=now)

    def with_password(self) -> str:
        self.me.set_password(PASSWORD)
        self.me.save()
        self.page.force_login(self.me, "django.contrib.auth.backends.ModelBackend")
        return PASSWORD

    def other_session(self) -> str:
        other = Client()
        other.force_login(self.me, "django.contrib.auth.backends.ModelBackend")
        return session_queries.mark(other.session.session_key or "")

    def link(self) -> str:
        link = people_operations.invite("bob", Role.VIEWER, by="ann", now=timezone.now())
        return link[link.index("/welcome/") :]

    def about_bob(self, what: str, **fields: Any) -> Any:
        bob = User.objects.filter(username="bob").first()
        if bob is None:
            self.link()
            bob = User.objects.get(username="bob")
            Client().force_login(bob, "django.contrib.auth.backends.ModelBackend")
        return self.page.post(f"/settings/people/{bob.pk}/{what}", fields)

    def alerts(self) -> tuple[AlertRule, Channel]:
        self.page.post(
            "/alerts/channels/add/webhook/", {"name": "Hook", "url": "https://h.example/x", "enabled": "on"}
        )
        channel = Channel.objects.get()
        return make_rule(channel), channel

    def episode(self) -> int:
        rule, _channel = self.alerts()
        row = Episode.objects.create(
            rule=rule, service=register.get("weather"), state="firing", opened_at=timezone.now()
        )
        return row.pk

    def delivery(self) -> int:
        _rule, channel = self.alerts()
        row = outbox_write.queue_test(channel, "ann", timezone.now())
        Delivery.objects.update(state="dead")
        return row.pk

    def target(self) -> int:
        self.page.post("/settings/targets/add/", TARGET)
        return Slo.objects.get().pk

    def batch(self, action: str, state: str, *, ended: bool = True) -> int:
        now = timezone.now()
        batch = bulk_operations.begin(action, names=["weather"], by="ann", role=Role.ADMIN, now=now)
        batch.members.update(state=state)
        if action == Command.Kind.REMOVE:
            register.remove("weather", by="ann", now=now)
        Batch.objects.filter(pk=batch.pk).update(finished_at=now if ended else None)
        return batch.pk

    def edited(self) -> str:
        content = json.loads(self.file.read_text())
        content["mcpServers"]["new"] = {"url": "https://new.example/mcp"}
        self.file.write_text(json.dumps(content))
        drift.publish(timezone.now())
        seen: str = self.rest.get("drift").json()["seen"]
        return seen

    def one_import(self) -> Any:
        shown = self.page.post(
            "/import/", {"text": json.dumps({"i": {"url": "https://i.example/"}})}, headers=HTMX
        )
        return save_preview(self.page, text_of(shown), take=["0"])


Act = Callable[[World], Any]


def page(address: str, **fields: Any) -> Act:
    return lambda world: world.page.post(address, fields)


def alert(address: str, which: int, **fields: Any) -> Act:
    """Of the rule (0) or the channel (1)."""
    return lambda world: world.page.post(address.format(world.alerts()[which].pk), fields)


def batch(address: str, action: str, state: str, *, ended: bool = True) -> Act:
    return lambda world: world.page.post(address.format(world.batch(action, state, ended=ended)))


def batch_rest(address: str, action: str, state: str, *, ended: bool = True) -> Act:
    return lambda world: world.rest.post(address.format(world.batch(action, state, ended=ended)))


def sent(method: str, path: str, body: Any = None) -> Act:
    return lambda world: world.rest.send(method, path, body)


def decided(world: World, what: str) -> Any:
    return world.rest.post(f"services/weather/tools/c/{what}", {"hash": digest("c")})


def all_seen(world: World) -> str:
    seen: str = world.rest.get("services/weather/waiting-tools").json()["hash"]
    return seen


HOOK = {"name": "Hook", "url": "https://h.example/x", "enabled": "on"}
TARGET = {"about": "service", "name": "weather", "kind": "availability", "percent": "99.9", "days": "30"}
PAGES: dict[str, Act] = {
    "login": lambda w: Client().post("/login/", {"username": "admin-1", "password": w.with_password()}),
    "logout": page("/logout/"),
    "password": lambda w: w.page.post("/password/", {"old_password": w.with_password(), **FRESH}),
    "account_session_end": lambda w: w.page.post(f"/account/sessions/{w.other_session()}/end/"),
    "account_sessions_end": lambda w: (w.other_session(), w.page.post("/account/sessions/end/"))[1],
    "account_token_add": page("/account/tokens/add/", name="x", role="viewer", days="30"),
    "account_token_revoke": lambda w: w.page.post(f"/account/tokens/{ApiToken.objects.get().pk}/revoke/"),
    "token_revoke": lambda w: w.page.post(f"/settings/tokens/{ApiToken.objects.get().pk}/revoke/"),
    **factors.PAGES,
    **persons.PAGES,
    "welcome": lambda w: Client().post(w.link(), FRESH),
    "alert_acknowledge": lambda w: w.page.post(f"/alerts/{w.episode()}/acknowledge/"),
    **quiet.PAGES,
    **saved_views.PAGES,
    **statuspages.PAGES,
    "rule_add": page("/alerts/rules/add/", **rule_data()),
    "rule_edit": alert("/alerts/rules/{}/", 0, **rule_data(name="Other")),
    "rule_switch": alert("/alerts/rules/{}/switch/", 0, enabled="0"),
    "rule_delete": alert("/alerts/rules/{}/delete/", 0),
    "channel_add": page("/alerts/channels/add/webhook/", **HOOK),
    "channel_edit": alert("/alerts/channels/{}/", 1, **{**HOOK, "name": "Other", "url": ""}),
    "channel_delete": alert("/alerts/channels/{}/delete/", 1),
    "channel_rotate": alert("/alerts/channels/{}/rotate/", 1),
    "channel_test": alert("/alerts/channels/{}/test/", 1),
    "delivery_replay": lambda w: w.page.post(f"/alerts/deliveries/{w.delivery()}/replay/"),
    "version_take": lambda w: w.page.post("/versions/drift/take/", {"seen": w.edited()}),
    "version_write": lambda w: w.page.post("/versions/drift/write/", {"seen": w.edited()}),
    "version_rollback": page("/versions/1/rollback/"),
    "service_add": page("/add/", **trials.TYPED, name="new"),
    "service_import": lambda w: w.one_import(),
    **trials.PAGES,
    **catalog.PAGES,
    "service_edit": lambda w: w.page.post(
        "/services/weather/edit/", {**form_of(w.page, "weather"), "description": "x"}
    ),
    "service_remove": page("/services/weather/remove/"),
    "service_restore": lambda w: w.page.post(f"/services/files/restore/{w.old}/"),
    "agent_add": page("/add-agent/", name="other"),
    "agent_edit": page("/agents/desk/", name="desk", description="x"),
    "agent_remove": page("/agents/desk/remove/"),
    "agent_token": page("/agents/desk/token/"),
    "agent_revoke": page("/agents/desk/revoke/"),
    "batch_begin": lambda w: w.page.post(
        "/batches/begin/", {"action": "restart", "pick": [register.get("weather").pk], "count": "1"}
    ),
    "batch_together": page("/services/weather/together/stop/", count="1"),
    "batch_cancel": batch("/batches/{}/cancel/", "restart", "planned", ended=False),
    "batch_retry": batch("/batches/{}/retry/", "restart", "failed"),
    "batch_undo": batch("/batches/{}/undo/", "remove", "done"),
    "service_policy": page("/services/weather/policy/", ping_timeout="7"),
    "policy_edit": lambda w: w.page.post(
        "/settings/policies/normal/", {**form_at(w, "/settings/policies/normal/"), "ping_timeout": "7"}
    ),
    "policy_reset": lambda w: (
        w.rest.patch("policies/normal", {"ping_timeout": 7}),
        w.page.post("/settings/policies/normal/reset/"),
    )[1],
    "target_add": page("/settings/targets/add/", **TARGET),
    "target_edit": lambda w: w.page.post(f"/settings/targets/{w.target()}/", {**TARGET, "days": "7"}),
    "target_delete": lambda w: w.page.post(f"/settings/targets/{w.target()}/remove/"),
    "monitoring_settings_save": lambda w: w.page.post(
        "/settings/monitoring/save/", {**form_at(w, "/settings/monitoring/"), "alert_cooldown": "123"}
    ),
    "monitoring_settings_reset": lambda w: (
        w.rest.patch("monitoring-settings", {"alert_cooldown": 123}),
        w.page.post("/settings/monitoring/reset/"),
    )[1],
    "service_hours": page(
        "/services/weather/hours/", weekdays=["0"], opens="08:00", closes="18:00", zone="Europe/Berlin"
    ),
    "service_state": page("/services/weather/state/", state="DISCONNECTING"),
    "service_action": page("/services/weather/ask/restart/"),
    "signin_begin": page("/services/weather/signin/begin/"),
    "signin_end": page("/services/weather/signin/end/"),
    "signin_client": page("/services/weather/signin/client/", client_id="console"),
    "service_pin": page("/services/weather/pin/", pinned="0"),
    "service_approve": lambda w: w.page.post(
        "/services/weather/waiting/approve/", {"tool": "c", "hash": digest("c")}
    ),
    "service_approve_all": lambda w: w.page.post(
        "/services/weather/waiting/approve-all/", {"hash": all_seen(w)}
    ),
    "service_refuse": lambda w: w.page.post(
        "/services/weather/waiting/refuse/", {"tool": "c", "hash": digest("c")}
    ),
    "tool_call": lambda w: (
        decided(w, "approve"),
        w.page.post("/services/weather/tools/call/", {"tool": "c", "arguments": "{}"}),
    )[1],
}
# These ask, or answer with what is secret: nothing changes.
ASKS = {
    "batch_ask",
    "home",
    "look_keep",
    "mail_test",
    "signin_test",
    "tool_form",
    "tool_snippet",
    "version_export",
}

REST: dict[str, Act] = {
    "POST services/bulk": sent("POST", "services/bulk", {"action": "restart", "names": ["weather"]}),
    "PATCH services/bulk": sent("PATCH", "services/bulk", {"description": "x"}),
    "DELETE services/bulk": sent("DELETE", "services/bulk"),
    "POST batches/{int:batch_id}/cancel": batch_rest("batches/{}/cancel", "restart", "planned", ended=False),
    "POST batches/{int:batch_id}/retry": batch_rest("batches/{}/retry", "restart", "failed"),
    "POST batches/{int:batch_id}/undo": batch_rest("batches/{}/undo", "remove", "done"),
    "POST services/{name}/restore": sent("POST", "services/files/restore"),
    "POST services": sent("POST", "services", {"new": {"url": "https://n.example/"}}),
    "POST services/{name}/signin": sent("POST", "services/weather/signin"),
    "DELETE services/{name}/signin": sent("DELETE", "services/weather/signin"),
    "PATCH services/{name}": sent("PATCH", "services/weather", {"desired": "stopped"}),
    "DELETE services/{name}": sent("DELETE", "services/weather"),
    "POST services/{name}/pin": lambda w: (
        w.rest.delete("services/weather/pin"),
        w.rest.post("services/weather/pin"),
    )[1],
    "DELETE services/{name}/pin": sent("DELETE", "services/weather/pin"),
    "POST services/{name}/tools/approve-all": lambda w: w.rest.post(
        "services/weather/tools/approve-all", {"hash": all_seen(w)}
    ),
    "POST services/{name}/tools/{path:tool}/approve": lambda w: decided(w, "approve"),
    "POST services/{name}/tools/{path:tool}/refuse": lambda w: decided(w, "refuse"),
    "POST services/{name}/state": sent("POST", "services/weather/state", {"state": "DISCONNECTING"}),
    "POST services/{name}/{action}": sent("POST", "services/weather/check"),
    "POST services/{name}/tools/{path:tool}/call": lambda w: (
        decided(w, "approve"),
        w.rest.post("services/weather/tools/c/call?wait=0", {"arguments": {}}),
    )[1],
    "PATCH policies/{profile}": sent("PATCH", "policies/normal", {"ping_timeout": 7}),
    "DELETE policies/{profile}": lambda w: (
        w.rest.patch("policies/normal", {"ping_timeout": 7}),
        w.rest.delete("policies/normal"),
    )[1],
    "PATCH monitoring-settings": sent("PATCH", "monitoring-settings", {"alert_cooldown": 123}),
    "POST targets": sent("POST", "targets", {"service": "weather"}),
    "PATCH targets/{target_id}": lambda w: w.rest.patch(f"targets/{w.target()}", {"days": 7}),
    "DELETE targets/{target_id}": lambda w: w.rest.delete(f"targets/{w.target()}"),
    "POST agents": sent("POST", "agents", {"name": "other", "services": ["weather"]}),
    **quiet.REST,
    **saved_views.REST,
    **statuspages.REST,
    **trials.REST,
    "PATCH agents/{name}": sent("PATCH", "agents/desk", {"services": ["weather"]}),
    "DELETE agents/{name}": sent("DELETE", "agents/desk"),
    "POST agents/{name}/token": sent("POST", "agents/desk/token"),
    "DELETE agents/{name}/token": sent("DELETE", "agents/desk/token"),
    "POST imports": sent("POST", "imports", {"document": {"new": {"url": "https://n.example/"}}}),
    "POST versions/{int:number}/rollback": sent("POST", "versions/1/rollback"),
    "POST drift/take": lambda w: w.rest.post("drift/take", {"seen": w.edited()}),
    "POST drift/write": lambda w: w.rest.post("drift/write", {"seen": w.edited()}),
}
REST_ASKS = {"POST imports/preview", "POST mcp.json/export"}
# The file is written over, or its image: no table but that of versions changes.
FILES = {
    "account_session_end",
    "account_sessions_end",
    "version_write",
    "POST drift/write",
    "logout",
    "login",
    "account_confirm",
}


def form_at(world: World, address: str) -> dict[str, Any]:
    form = world.page.get(address).context["form"]
    return {name: form[name].value() for name in form.fields if form[name].value() is not None}

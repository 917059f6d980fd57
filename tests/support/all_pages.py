"""All pages that the console has, each with something on it, for whoever walks them in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import Command, MaintenancePeriod, MaintenanceWindow, Silence, StatusPage, Trial
from lifecycle.pages.help.documents import document
from registry.access.people import links
from registry.models import ConfigVersion, Membership, Role, Service
from tests.mcpstore_site.routes import pages
from tests.support.pages import make_change, make_checks, make_service, make_worker
from tests.support.planting import CANARY, PK, plant, row
from tests.support.web import Web

NAME = f"{CANARY}-svc"
LEFT_OUT = {"logout", "live_poll"}
INSTEAD = {
    "agent_edit": f"/agents/{CANARY}/",
    "audit_file": "/settings/audit/audit.csv",
    "help_page": "/help/operating/",
    "help_section": f"/help/operating/{list(document('operating').sections)[1]}/",
    "tool_playground": f"/services/{NAME}/tools/try/?tool={CANARY}",
    "tool_history": f"/services/{NAME}/tools/history/?tool={CANARY}",
    "version_download": "/versions/1/mcp.json",
}
NOT_HERE = {
    "badge": "a picture, of a name that was published",
    "call_answer": "a file, of an answer that came",
    "call_part": "a picture in an answer",
    "agent_mcpjson": "a file",
    "alert_act": "wants a link that was sent; its page says so",
    "channel_test_state": "a part of the page of a channel, while it is tested",
    "signin_callback": "answers a server; its page says that nobody asked",
    "signin_document": "a file, where https is",
    "signin_openid": "goes to a provider, where there is one",
    "signin_openid_callback": "answers a provider",
}
"""Routes that answer 4xx to who has no business there."""


@dataclass(frozen=True)
class AllPages:
    """Where they are, and the session cookie of somebody who may see all."""

    address: str
    cookie: str
    paths: list[str]


def planted() -> str:
    """A console with something of all there is, and where somebody goes who was invited."""
    plant(tags=["team-a"])
    for state in State:
        service = make_service(f"is-{state.value.lower()}", state, tags=["team-a", "team-b"])
        make_checks(service, [0, 1, 2])
        make_change(service, state)
    make_worker()
    now = timezone.now()
    guest = User.objects.create(pk=PK, username="guest")
    Membership.objects.create(user=guest, role=Role.VIEWER)
    row(Silence, services=[NAME], ends_at=now + timedelta(hours=1))
    window = row(MaintenanceWindow, zone="UTC", planned_until=now, enabled=True)
    row(MaintenancePeriod, window=window, ended_at=now + timedelta(hours=1))
    row(Trial, requested_by="ann", given="", outcome="", state="queued")
    row(Command, id=PK + 1, service=Service.objects.get(name=NAME), kind="call-tool", state="failed")
    StatusPage.objects.update(visibility=StatusPage.Visibility.PUBLIC, slug=NAME)
    ConfigVersion.objects.update(number=1)
    row(ConfigVersion, id=PK + 1, number=2, document='{"mcpServers": {}}')
    settings.MCPJSON_FILE.unlink(missing_ok=True)
    return urlsplit(links.make(guest, lives=timedelta(days=1), by="ann", now=now)).path


def build(web: Web, cookie: str) -> AllPages:
    """Make *ann*, whose cookie it is, an admin of a console where every page has something to show."""
    welcome = planted()
    Membership.objects.create(user=User.objects.get(username="ann"), role=Role.ADMIN)
    paths = [*shown_pages(web, cookie, welcome), "/no-such-page/"]
    assert len(paths) > 70
    return AllPages(web.address, cookie, paths)


def shown_pages(web: Web, cookie: str, welcome: str) -> list[str]:
    """Each address that answers a whole page, found by asking every route there is."""
    found, refused = list[str](), dict[str, int]()
    instead = {**INSTEAD, "welcome": welcome, "tool_outcome": f"/services/{NAME}/calls/{PK + 1}/"}
    with httpx2.Client(
        base_url=web.address, headers={"Cookie": cookie}, trust_env=False, timeout=60
    ) as client:
        for route in pages():
            if route.name in LEFT_OUT:
                continue
            address = instead.get(route.name) or route.address(NAME, PK)
            answer = client.get(address)
            if "<!doctype html>" in answer.text[:200] and answer.status_code != 405:
                found.append(address)
            if answer.status_code >= 400 and answer.status_code != 405 and route.name not in NOT_HERE:
                refused[address] = answer.status_code
    assert refused == {}, f"make a row for each, so that its page can be looked at: {refused}"
    return found

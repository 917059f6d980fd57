"""Makes the pictures in docs/screenshots anew: `.venv/bin/python scripts/screenshots.py`.

A console of its own, in a folder that goes with it: twenty services with 90 days behind them, three are down.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PICTURES = ROOT / "docs" / "screenshots"
DOWN, DAYS = 3, 90
ENTRIES: dict[str, tuple[str, list[str]]] = {
    "payments": ("https://mcp.payments.example/mcp", ["prod", "finance"]),
    "search": ("https://search.internal.example/mcp", ["prod"]),
    "warehouse": ("https://warehouse.internal.example/sse", ["analytics"]),
    "auth-gateway": ("https://auth.internal.example/mcp", ["prod"]),
    "billing": ("https://billing.internal.example/mcp", ["prod", "finance"]),
    "calendar": ("https://calendar.example/mcp", ["office"]),
    "crm": ("https://crm.example/mcp", ["sales"]),
    "docs": ("https://docs.example/mcp", ["office"]),
    "filesystem": ("mcp-server-filesystem /srv/files", ["local"]),
    "forecasts": ("https://weather.example/mcp", []),
    "git": ("mcp-server-git --repository /srv/code", ["local"]),
    "github": ("https://git.example/mcp", ["code"]),
    "issues": ("https://issues.example/mcp", ["code"]),
    "mail": ("https://mail.example/mcp", ["office"]),
    "maps": ("https://maps.example/mcp", []),
    "memory": ("mcp-server-memory", ["local"]),
    "metrics": ("https://metrics.internal.example/mcp", ["prod"]),
    "notes": ("https://notes.example/mcp", ["office"]),
    "time": ("mcp-server-time --local-timezone UTC", ["local"]),
    "translate": ("https://translate.example/mcp", []),
}
NEEDS = {"payments": ["auth-gateway"], "billing": ["auth-gateway", "payments"], "crm": ["search"]}
TOOLS = {
    "search": "Find documents by words",
    "get": "One record by its number",
    "list": "All records, newest first",
    "create": "Make a new record",
    "delete": "Remove a record for good",
}
Theme = Literal["light", "dark"]
SHOTS: dict[str, tuple[str, Theme, int]] = {
    "overview": ("/", "light", 1440),
    "overview-dark": ("/", "dark", 1440),
    "overview-phone": ("/", "dark", 390),
    "services": ("/services/", "light", 1440),
    "service": ("/services/payments/", "light", 1440),
    "service-dark": ("/services/maps/", "dark", 1440),
    "tools": ("/tools/", "light", 1440),
    "events": ("/events/", "light", 1440),
    "alerts": ("/alerts/", "light", 1440),
    "rule": ("/alerts/rules/add/", "light", 1440),
    "dependencies": ("/dependencies/", "dark", 1440),
    "connect": ("/connect/", "light", 1440),
}


HEIGHTS = {"overview-phone": 844, "service-dark": 1250}


def entry(name: str) -> dict[str, object]:
    """As it stands in an mcp.json."""
    where, tags = ENTRIES[name]
    words = where.split()
    how = {"url": where} if where.startswith("http") else {"command": words[0], "args": words[1:]}
    return {**how, "tags": tags, "dependsOn": NEEDS.get(name, [])}


def fill(place: Path) -> str:
    """The database; the cookie of a session of `admin`."""
    import django

    django.setup()
    from django.conf import settings

    from mcpstore_site.benchmarks.past import fill as past
    from mcpstore_site.benchmarks.support import filling
    from registry.agents import operations as agents
    from registry.models import Service, Tool

    settings.STATIC_ROOT.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    cookie = filling.empty(now).split()[1]
    document = place / "mcp.json.given"
    document.write_text(json.dumps({"mcpServers": {name: entry(name) for name in ENTRIES}}))
    filling.register(now, document)
    filling.states(now)
    Tool.objects.bulk_create(
        Tool(service=service, position=n, name=f"{verb}_{service.name}", description=f"{text}.")
        for service in Service.objects.all()
        for n, (verb, text) in enumerate(TOOLS.items())
    )
    agents.add("assistant", ["docs", "mail", "calendar"], by="admin", now=now)
    past.main(DAYS, DOWN, int(time.time()))
    return cookie


def take(address: str, cookie: str) -> None:
    """All pictures, in a browser that is signed in."""
    from tests.support.browser import launched

    name, _, value = cookie.partition("=")
    with launched() as browser:
        for picture, (path, theme, width) in SHOTS.items():
            context = browser.new_context(color_scheme=theme, reduced_motion="reduce")
            context.add_cookies([{"name": name, "value": value, "url": address}])
            page = context.new_page()
            page.set_viewport_size({"width": width, "height": HEIGHTS.get(picture, 900)})
            page.goto(address + path, wait_until="networkidle")
            page.screenshot(path=str(PICTURES / f"{picture}.png"))
            context.close()


def main() -> None:
    from tests.support.console import eventually
    from tests.support.ports import free_port

    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        os.environ |= {
            "MCPSTORE_DATA_DIR": folder,
            "MCPSTORE_PORT": str(port),
            "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
        }
        cookie = fill(Path(folder))
        server = subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=ROOT)
        try:
            address = f"http://127.0.0.1:{port}"
            eventually(lambda: answers(address), "the console answers", 120)
            take(address, cookie)
        finally:
            server.terminate()
            server.wait(30)


def answers(address: str) -> bool:
    import httpx2

    try:
        return httpx2.get(f"{address}/healthz", trust_env=False, timeout=10).status_code == 200
    except httpx2.TransportError:
        return False


if __name__ == "__main__":
    main()

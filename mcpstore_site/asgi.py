"""One door for pages and live sockets."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpstore_site.settings")

from django.core.asgi import get_asgi_application

pages = get_asgi_application()

from lifecycle.live.consumers import live_socket  # noqa: E402  (needs the apps loaded)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Hand sockets to the live feed and everything else to Django."""
    answer = live_socket if scope["type"] == "websocket" else pages
    await answer(scope, receive, send)

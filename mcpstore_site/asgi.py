"""One door for pages and live sockets."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpstore_site.settings")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  (needs the apps loaded)

from lifecycle.live.socket.routing import websocket_urlpatterns  # noqa: E402
from mcpstore_site.serving.handling import Handler  # noqa: E402

application = ProtocolTypeRouter({"http": Handler(), "websocket": URLRouter(websocket_urlpatterns)})

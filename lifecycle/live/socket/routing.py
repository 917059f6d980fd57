"""The addresses of live sockets."""

from django.urls import path, re_path

from lifecycle.live.socket.consumers import LiveConsumer, RefusingConsumer

websocket_urlpatterns = [path("live/", LiveConsumer.as_asgi()), re_path("", RefusingConsumer.as_asgi())]

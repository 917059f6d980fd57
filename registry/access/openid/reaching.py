"""How the provider is asked: by the rules for addresses, through the proxy, and never sent elsewhere."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

from registry.access.openid.configured import here
from registry.core.entries.addresses import HOME, refusal
from registry.installation import egress

SECONDS = 5


class _Guarded(HTTPAdapter):
    """The issuer is the operator's own choice, so it may be at home, though never at a metadata address.

    What it names beside itself obeys the rule for services.
    """

    def send(self, request: Any, *args: Any, **more: Any) -> Any:
        parts = urlsplit(request.url)
        own = parts.hostname == urlsplit(here().url).hostname
        if parts.scheme != "https" and urlsplit(here().url).scheme == "https":
            raise requests.exceptions.InvalidURL("the provider names an address without https")
        if not more.get("proxies"):
            _look(parts.hostname or "", parts.port or 443, own=own)
        return super().send(request, *args, **more)


def _look(host: str, port: int, *, own: bool) -> None:
    """Every address of the name has to be one that may be reached."""
    rule = HOME if own else egress.rule()
    try:
        found = {
            str(item[4][0]).partition("%")[0]
            for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        }
    except OSError as exc:
        raise requests.exceptions.ConnectionError(f"{host} has no address") from exc
    for text in found:
        if why := refusal(text, rule):
            raise requests.exceptions.InvalidURL(why)


class Session(requests.Session):
    """Nothing of the environment counts; redirects are not followed."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = settings.CA_BUNDLE or True
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Guarded())

    def request(self, method: Any, url: Any, *args: Any, **more: Any) -> Any:
        more |= {"timeout": SECONDS, "allow_redirects": False, "proxies": _proxies(str(url))}
        answer = super().request(method, url, *args, **more)
        if answer.is_redirect:
            raise requests.exceptions.TooManyRedirects("the provider sends elsewhere")
        return answer


def _proxies(url: str) -> dict[str, str]:
    parts, proxy = urlsplit(url), settings.PROXY
    if proxy is None or not proxy.serves(parts.scheme, parts.hostname or "", parts.port):
        return {}
    return {"https": proxy.written}

"""What services have in common that fail together: host, command, proxy or credential."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import TextField
from django.db.models.functions import Cast

from lifecycle.core.alerting import common_cause
from lifecycle.core.alerting.common_cause import Shared, Thing, What
from lifecycle.core.answers.proxies import Proxy
from registry.models import Secret, Service, Transport

_SECRET = re.compile(r"\$\{secret:([^}]+)\}")
_PORTS = {"http": 80, "https": 443}


def of(failing: Collection[int]) -> Sequence[Shared]:
    """Of these services, by all that are listed; at most two queries, none where fewer than two fail."""
    if len(failing) < common_cause.FEWEST:
        return []
    found = things()
    everywhere = Counter(thing for own in found.values() for thing in own)
    return common_cause.causes({key: found.get(key, []) for key in failing}, everywhere)


def things() -> dict[int, list[Thing]]:
    """What each listed service uses; one query, two where an entry names a secret."""
    listed = Service.objects.listed().annotate(text=Cast("entry", TextField()))
    rows = list(listed.values_list("pk", "transport", "endpoint", "text"))
    used = {key: frozenset(_SECRET.findall(text)) for key, _, _, text in rows}
    common = _common() if any(used.values()) else frozenset()
    return {key: list(_things(kind, where, used[key] & common)) for key, kind, where, _ in rows}


def _common() -> frozenset[str]:
    """The secrets that no service has for itself."""
    return frozenset(Secret.objects.filter(service=None).values_list("name", flat=True))


def _things(transport: str, endpoint: str, credentials: Collection[str]) -> Iterator[Thing]:
    """What one service uses; a credential counts that several entries name, not one of its own."""
    if transport == Transport.STDIO:
        yield What.COMMAND, endpoint.split(" ", 1)[0][:80]
    else:
        yield from _of_address(endpoint)
    for name in sorted(credentials):
        yield What.CREDENTIAL, name


def _of_address(endpoint: str) -> Iterator[Thing]:
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return
    if not host:
        return
    yield What.HOST, host if port == _PORTS.get(parts.scheme) else f"{host}:{port}"
    proxy: Proxy | None = settings.PROXY
    if proxy is not None and proxy.serves(parts.scheme, host, port):
        yield What.PROXY, proxy.address

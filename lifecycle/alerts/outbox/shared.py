"""What services have in common that fail together: host, command, proxy or credential."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from lifecycle.core.alerting import common_cause
from lifecycle.core.alerting.common_cause import Shared, Thing, What
from lifecycle.core.answers.proxies import Proxy
from registry.models import Secret, Service, Transport

_SECRET = re.compile(r"\$\{secret:([^}]+)\}")
_PORTS = {"http": 80, "https": 443}


def of(failing: Collection[int]) -> Sequence[Shared]:
    """Of these services, by all that are listed; two queries, none where fewer than two fail."""
    if len(failing) < common_cause.FEWEST:
        return []
    found = things()
    everywhere = Counter(thing for own in found.values() for thing in own)
    return common_cause.causes({key: found.get(key, []) for key in failing}, everywhere)


def things() -> dict[int, list[Thing]]:
    """What each listed service uses; two queries."""
    common = set(Secret.objects.filter(service=None).values_list("name", flat=True))
    rows = Service.objects.listed().values_list("pk", "transport", "endpoint", "entry")
    return {key: list(_things(kind, where, entry, common)) for key, kind, where, entry in rows}


def _things(transport: str, endpoint: str, entry: dict[str, Any], common: Collection[str]) -> Iterator[Thing]:
    """What one service uses; a credential counts that several entries name, not one of its own."""
    if transport == Transport.STDIO:
        yield What.COMMAND, endpoint.split(" ", 1)[0][:80]
    else:
        yield from _of_address(endpoint)
    for name in sorted(set(_SECRET.findall(json.dumps(entry))) & set(common)):
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

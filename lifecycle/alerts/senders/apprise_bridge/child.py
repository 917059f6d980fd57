"""Sends one message by Apprise, in a process of its own; started by `sender`, never imported by it.

Apprise follows redirects, reads `.netrc` and proxies from the environment, reaches loopback, and reads
answers of any length. Here its HTTP sessions are replaced: they look a name up once, check the address,
connect to that one, follow nothing and read 64 KiB. What does not speak HTTP by that session is not sent.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import resource
import signal
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

ALIVE_AT_MOST = 20
MEMORY_AT_MOST = 1 << 30
READ_AT_MOST = 64 * 1024
REFUSED = frozenset(
    [
        "amqp",
        "aprs",
        "blink1",
        "dbus",
        "deltachat",
        "email",
        "fcm",
        "glib",
        "gnome",
        "growl",
        "irc",
        "macosx",
        "mqtt",
        "nostr",
        "rsyslog",
        "smpp",
        "syslog",
        "windows",
        "xmpp",
    ]
)
"""Plugins with connections of their own, or that act on this machine."""


def main() -> None:
    """The letter is on the standard input, what came of it on the standard output: both are JSON."""
    signal.alarm(ALIVE_AT_MOST)  # whatever becomes of the worker, this process ends
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_AT_MOST, MEMORY_AT_MOST))
    given = json.load(sys.stdin)
    heard = io.StringIO()
    logging.basicConfig(stream=heard, level=logging.WARNING, format="%(message)s")
    try:
        ok, said = _send(given), ""
    except Exception as exc:  # a foreign boundary: whatever it is, the message was not taken
        ok, said = False, f"{type(exc).__name__}: {exc}"
    words = " ".join(f"{said} {heard.getvalue()}".split())
    json.dump({"ok": ok, "said": words[:2000]}, sys.stdout)


def _send(given: dict[str, Any]) -> bool:
    import apprise

    _guard(given["allow"])
    asset = apprise.AppriseAsset(
        app_id="MCPStore Console",
        app_desc="MCPStore Console",
        plugin_paths=[],
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        http_redirects=False,
    )
    target = apprise.Apprise.instantiate(given["url"], asset=asset, suppress_exceptions=False)
    if refused := why_not(target):
        raise ValueError(refused)
    hub = apprise.Apprise(asset=asset)
    hub.add(target)
    answer = hub.notify(
        title=given["title"], body=given["body"], notify_type=given["level"], body_format="text"
    )
    return bool(answer)  # an object, which is never None nor equal to True: it is true where all went well


def why_not(target: Any) -> str:
    """Why a plugin is not used; empty where it is: it must speak HTTP by the session that is guarded."""
    if target is None:
        return "Apprise does not understand the address"
    module = sys.modules[type(target).__module__]
    names = set(module.__name__.split("."))
    if names & REFUSED or not hasattr(module, "requests"):
        return f"{target.service_name} is not offered: it does not speak HTTP, or acts on this machine"
    return ""


def _guard(allow: list[str]) -> None:
    """Put sessions that keep to *allow* and to public addresses in the place of those of `requests`."""
    import requests
    from apprise.utils.http import HTTPPolicy, HTTPPolicySession, read_bounded_response

    sys.path.insert(0, str(Path(__file__).parents[4]))
    from registry.core.entries.addresses import Rule, problem

    rule = Rule(allow=tuple(ip_network(text) for text in allow))
    policy = HTTPPolicy(address_filter=lambda text: not problem(ip_address(text.partition("%")[0]), rule))

    class Guarded(HTTPPolicySession):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(policy)

        def send(self, request: Any, **how: Any) -> Any:
            answer = super().send(request, **{**how, "allow_redirects": False, "stream": True})
            data = read_bounded_response(answer, READ_AT_MOST)
            if data is None:
                raise requests.exceptions.ConnectionError("the answer is too long")
            answer._content, answer._content_consumed = data, True
            return answer

    requests.sessions.Session = requests.Session = Guarded  # type: ignore[misc]


if __name__ == "__main__":
    main()

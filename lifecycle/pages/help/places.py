"""Which part of the documentation is about a page."""

from __future__ import annotations

from typing import Final

from django.urls import reverse

from lifecycle.pages.help import documents

PLACES: Final[dict[str, str]] = {
    "overview": "console#what-it-does",
    "service": "services",
    "view": "services",
    "batch": "services",
    "trial": "services",
    "catalog": "operating#towards-the-internet",
    "tool": "console#what-it-does",
    "agent": "clients",
    "client": "clients",
    "event": "services#details-that-surprise",
    "alert": "operating#alerts",
    "why": "operating#alerts",
    "rule": "operating#alerts",
    "noise": "operating#alerts",
    "silence": "operating#silences-and-maintenance",
    "window": "operating#silences-and-maintenance",
    "channel": "operating#channels",
    "delivery": "operating#channels",
    "statuspage": "operating#status-pages",
    "version": "operating#the-data-directory",
    "removed": "operating#the-data-directory",
    "dependency": "services#details-that-surprise",
    "policy": "services#details-that-surprise",
    "monitoring": "operating#monitoring-data-elsewhere",
    "target": "operating#uptime",
    "people": "operating#people",
    "token": "operating#sessions-and-api-tokens",
    "account": "operating#second-factors",
    "password": "operating#signing-in",
    "signin": "operating#signing-in",
    "signed": "operating#signing-in",
    "openid": "operating#openid-connect",
    "worker": "scaling",
    "queue": "services#the-queue",
    "audit": "operating#audit-log",
    "mail": "operating#mail",
    "about": "operating#when-something-is-wrong",
}
"""By the first word of a page's name; others lead to the list of all."""


def address(page: str) -> str:
    """The part about the page of this name."""
    name, _mark, anchor = PLACES.get(page.split("_")[0], "").partition("#")
    return documents.address(name, anchor) if name else reverse("help_list")

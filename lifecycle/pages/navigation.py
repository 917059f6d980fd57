"""The navigation: which pages there are, in which order, and which of them a person can open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from django.urls import resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from registry.access.roles import Needs, at_least
from registry.models import Role


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A link to the page *url*. It is current there, and on pages whose names begin with one of *sections*.

    Those *within* are shown while one of them, or this one, is current. *key* opens it when pressed after g.
    """

    url: str
    text: str | Promise
    sections: tuple[str, ...] = ()
    icon: str = ""
    within: tuple[Entry, ...] = ()
    current: bool = False
    open: bool = False
    key: str = ""

    @property
    def all(self) -> tuple[Entry, ...]:
        """Those within, and then this one."""
        return (*self.within, self)


def _leaf(url: str, text: str | Promise, *sections: str) -> Entry:
    return Entry(url=url, text=text, sections=sections)


TREE = (
    Entry(url="overview", text=_("Overview"), icon="overview", sections=("overview",), key="o"),
    Entry(
        url="service_list",
        text=_("Services"),
        icon="services",
        key="s",
        sections=("service", "why", "catalog", "trial", "view"),
        within=(_leaf("batch_list", _("Bulk actions"), "batch"),),
    ),
    Entry(url="tool_list", text=_("Tools"), icon="tools", sections=("tool",), key="t"),
    Entry(
        url="agent_list",
        text=_("Agents"),
        icon="agents",
        sections=("agent",),
        within=(_leaf("client_connect", _("Connect a client"), "client"),),
    ),
    Entry(url="event_list", text=_("Events"), icon="events", sections=("event",), key="e"),
    Entry(
        url="alert_list",
        text=_("Alerts"),
        icon="bell",
        key="a",
        within=(
            _leaf("alert_list", pgettext_lazy("alerts", "Open"), "alert"),
            _leaf("alert_history", _("History")),
            _leaf("rule_list", _("Rules"), "rule"),
            _leaf("channel_list", _("Channels"), "channel"),
            _leaf("delivery_list", _("Deliveries"), "delivery"),
            _leaf("silence_list", _("Silences"), "silence"),
            _leaf("window_list", _("Maintenance"), "window"),
            _leaf("noise_report", _("Noise report")),
            _leaf("statuspage_list", _("Status pages"), "statuspage"),
        ),
    ),
    Entry(
        url="version_file",
        text=_("Configuration"),
        icon="versions",
        key="c",
        within=(
            _leaf("version_file", "mcp.json"),
            _leaf("version_list", _("Versions"), "version"),
            _leaf("version_drift", _("Drift")),
            _leaf("version_export", _("Export")),
            _leaf("removed_list", _("Removed"), "removed"),
            _leaf("dependency_graph", _("Dependencies"), "dependency"),
        ),
    ),
    Entry(
        url="policy_list",
        text=_("Settings"),
        icon="settings",
        within=(
            _leaf("policy_list", _("Policies"), "policy"),
            _leaf("monitoring_settings", _("Monitoring"), "monitoring"),
            _leaf("target_list", _("Targets"), "target"),
            _leaf("people_list", _("People"), "people"),
            _leaf("token_list", _("API tokens"), "token"),
            _leaf("signin_settings", _("Sign-in")),
            _leaf("worker_list", _("Workers"), "worker"),
            _leaf("queue_list", _("Queue"), "queue"),
            _leaf("audit_list", _("Audit log"), "audit"),
            _leaf("mail_settings", _("Email")),
            _leaf("about", _("About")),
        ),
    ),
)


def of(page: str, role: Role, sees_all: bool) -> list[Entry]:
    """The tree for a person of *role*: on *page* (a name of a URL) one is current, its neighbours shown.

    A head that this person cannot open leads to the first within that they can.
    """
    chosen = _chosen(page)
    shown = (_shown(entry, chosen, role, sees_all) for entry in TREE)
    return [entry for entry in shown if entry is not None]


def _chosen(page: str) -> Entry | None:
    """The innermost entry that the page belongs to: by its own name, or else by its section."""
    entries = [one for entry in TREE for one in entry.all]
    named = next((one for one in entries if one.url == page), None)
    return named or next((one for one in entries if page.split("_")[0] in one.sections), None)


def _shown(entry: Entry, chosen: Entry | None, role: Role, sees_all: bool) -> Entry | None:
    can = [one for one in entry.all if may_open(one.url, role, sees_all)]
    if not can:
        return None
    url = entry.url if entry in can else can[0].url
    is_open = chosen in entry.all
    within = tuple(replace(one, current=one is chosen) for one in entry.within if one in can and is_open)
    return replace(entry, url=url, within=within, current=entry is chosen, open=is_open)


def flat(role: Role, sees_all: bool) -> list[tuple[str | Promise, Entry]]:
    """All that a person of *role* can open, each after the word of the group that it is within."""
    found = []
    for top in TREE:
        heads = [] if any(one.url == top.url for one in top.within) else [top]
        within = [replace(one, key=top.key) if one.url == top.url else one for one in top.within]
        found += [("", one) for one in heads] + [(top.text, one) for one in within]
    return [(above, one) for above, one in found if may_open(one.url, role, sees_all)]


def may_open(url: str, role: Role, sees_all: bool) -> bool:
    """Whether the route lets this person in."""
    needs = _needs(url)
    return needs.role is None or (at_least(role, needs.role) and (sees_all or not needs.unscoped))


@cache
def _needs(url: str) -> Needs:
    """What the route itself declares: the navigation keeps no list of rights of its own."""
    needs = resolve(reverse(url)).func.needs  # type: ignore[attr-defined]
    assert isinstance(needs, Needs)
    return needs

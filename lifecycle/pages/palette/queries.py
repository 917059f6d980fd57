"""What a few letters can mean: pages, actions, services and tools that this person may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Length
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from lifecycle.core.machine.states import State
from lifecycle.models import Command
from lifecycle.monitoring.overview import problems
from lifecycle.pages import navigation
from lifecycle.services.listing.saved import queries as saved_views
from lifecycle.services.presenter import looks_of
from lifecycle.services.queries import in_tags
from lifecycle.tools.search import queries as search_queries
from registry.access.roles import at_least
from registry.models import Role, Service, Tool

MOST: Final = 8
FAILING: Final = 5
Kind = Command.Kind
ACTIONS: Final[tuple[tuple[str, str | Promise], ...]] = (
    ("service_add", gettext_lazy("Add service")),
    ("service_import", gettext_lazy("Import configuration")),
    ("agent_add", gettext_lazy("Add agent")),
    ("rule_add", gettext_lazy("Add alert rule")),
    ("channel_kinds", gettext_lazy("Add channel")),
    ("silence_add", gettext_lazy("Add silence")),
    ("window_add", gettext_lazy("Add maintenance window")),
    ("statuspage_add", gettext_lazy("Add status page")),
    ("people_invite", gettext_lazy("Invite a user")),
    ("help_list", gettext_lazy("Help")),
    ("account", gettext_lazy("Your account")),
    ("password", gettext_lazy("Change password")),
)
VERBS: Final[dict[str, str | Promise]] = {
    Kind.CHECK: pgettext_lazy("verb before a name", "Check"),
    Kind.RESTART: pgettext_lazy("verb before a name", "Restart"),
    Kind.RECONNECT: pgettext_lazy("verb before a name", "Reconnect"),
    Kind.START: pgettext_lazy("verb before a name", "Start"),
}
"""What needs no second thought; the others are on the page of the service."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line of the palette. What *acts* is asked of the worker; others are addresses. *keys*: after g.

    *look* of a service: the class and the word of its state.
    """

    text: str
    detail: str
    url: str
    acts: bool = False
    keys: str = ""
    look: tuple[str, str] = ("", "")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Lines of one kind, under its name."""

    text: str
    items: list[Item]


def find(q: str, role: Role, sees_all: bool, who: str) -> list[Group]:
    """What fits best, at most `MOST` of a kind; without letters what is wrong, the actions and the pages."""
    words = q.casefold().split()
    groups = [
        Group(text=_("Need attention"), items=[] if q else _failing()),
        Group(text=_("Actions"), items=[*_asked(q, role), *_actions(words, role, sees_all)]),
        Group(text=_("Services"), items=_services(q) if q else []),
        Group(text=_("Tools"), items=_tools(q) if q else []),
        Group(text=_("Views"), items=_views(words, who)),
        Group(text=_("Pages"), items=_pages(words, role, sees_all)),
    ]
    return [group for group in groups if group.items]


def _fits(words: list[str], text: str) -> bool:
    return all(word in text.casefold() for word in words)


def _pages(words: list[str], role: Role, sees_all: bool) -> list[Item]:
    found = []
    for above, entry in navigation.flat(role, sees_all):
        item = Item(text=str(entry.text), detail=str(above), url=reverse(entry.url), keys=entry.key)
        if _fits(words, f"{item.detail} {item.text}"):
            found.append(item)
    return found[: MOST if words else None]


def _views(words: list[str], who: str) -> list[Item]:
    """Saved views of the services list."""
    return [
        Item(text=view.name, detail=str(_("Services")), url=saved_views.address(view))
        for view in saved_views.of(who)
        if _fits(words, view.name)
    ][:MOST]


def _actions(words: list[str], role: Role, sees_all: bool) -> list[Item]:
    return [
        Item(text=str(text), detail="", url=reverse(url))
        for url, text in ACTIONS
        if navigation.may_open(url, role, sees_all) and _fits(words, str(text))
    ]


def _asked(q: str, role: Role) -> list[Item]:
    """A verb and the beginning of a name: "restart weather"."""
    verb, _space, name = q.strip().partition(" ")
    if not name.strip() or not at_least(role, Role.OPERATOR):
        return []
    return [
        Item(text=f"{word} {item.text}", detail=item.detail, url=_ask(item.text, kind), acts=True)
        for kind, word in VERBS.items()
        if str(word).casefold().startswith(verb.casefold())
        for item in _services(name.strip(), 3)
    ]


def _ask(name: str, kind: str) -> str:
    return reverse("service_action", args=[name, kind])


def _services(q: str, most: int = MOST) -> list[Item]:
    match = Q(name__icontains=q) | in_tags(q) | Q(description__icontains=q)
    found = Service.objects.listed().filter(match).order_by(_nearest(q), Length("name"), "name")
    read = ("name", "tags", "state_row__state", "state_row__error_kind")
    return [_service(*values) for values in found.values_list(*read)[:most]]


def _service(name: str, tags: list[str], state: str | None, kind: str | None) -> Item:
    look = looks_of(State(state), kind or "") if state else ("", "")
    url = reverse("service_detail", args=[name])
    return Item(text=name, detail=", ".join(tags), url=url, look=look)


def _failing() -> list[Item]:
    """The first of the overview's: who opens the palette at night wants one of them."""
    found = problems.rows()[:FAILING]
    return [_service(row.service.name, row.service.tags, row.state, row.error_kind) for row in found]


def _tools(q: str) -> list[Item]:
    living = Tool.objects.filter(search_queries.LISTED, search_queries.named(q))
    found = living.order_by(_nearest(q), Length("name"), "name", "service__name")
    return [
        Item(text=name, detail=service, url=_tool(service, name))
        for name, service in found.values_list("name", "service__name")[:MOST]
    ]


def _tool(service: str, name: str) -> str:
    return f"{reverse('service_detail', args=[service])}?{urlencode({'t': name})}#tools-title"


def _nearest(q: str) -> Case:
    """The same name first, then names that begin so, then the others."""
    steps = [
        When(name__iexact=q, then=Value(0)),
        When(name__istartswith=q, then=Value(1)),
        When(name__icontains=q, then=Value(2)),
    ]
    return Case(*steps, default=Value(3), output_field=IntegerField())

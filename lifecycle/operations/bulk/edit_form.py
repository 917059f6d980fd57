"""The dialog of a bulk edit: what can be changed of how many, and what they have now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.operations.bulk import edits, operations
from lifecycle.operations.bulk.preview import NAMED, Choice
from lifecycle.pages.answers import is_htmx
from registry.agents import operations as agent_operations
from registry.models import Priority, Profile, Service
from registry.models.limits import current

TAGS_SHOWN = 24
AT_ONCE = 500


def typed(given: QueryDict) -> dict[str, Any]:
    """What was typed, as `edits.read` takes it."""
    said: dict[str, Any] = {key: given.get(key, "") for key in (*edits.CHOICES, *edits.AGENTS)}
    said["add_tags"] = given.get("add_tags", "").split(",")
    return said | {"remove_tags": given.getlist("remove_tags")}


def ask(request: HttpRequest, choice: Choice, *, problem: str = "", changed: bool = False) -> HttpResponse:
    """The dialog, as it was filled in; one place says how many are met, and one button does it."""
    found = sorted(operations.meant(choice.ids, choice.filters), key=lambda one: one[1])
    if not found:
        problem = problem or _("No services selected.")
    title = ngettext("Edit %(n)s service", "Edit %(n)s services", len(found))
    button = ngettext("Change %(n)s service", "Change %(n)s services", len(found))
    context = {
        "title": title % {"n": f"{len(found):,}"},
        "button": button % {"n": f"{len(found):,}"},
        "count": len(found),
        "named": [name for _pk, name in found[:NAMED]],
        "more": max(0, len(found) - NAMED),
        "choice": choice,
        "problem": problem,
        "changed": changed,
        "tags": _tags([pk for pk, _name in found]),
        "profiles": Profile.choices,
        "priorities": Priority.choices,
        "agents": [] if current() else agent_operations.names(),
        "given": typed(request.POST) | {"add_tags": request.POST.get("add_tags", "")},
    }
    name = "_edit_ask" if is_htmx(request) else "edit_ask"
    return render(request, f"lifecycle/bulk/{name}.html", context, status=422 if problem else 200)


def _tags(ids: Collection[int]) -> list[tuple[str, int]]:
    """The tags of these services, the commonest first, with how many have each."""
    counted: Counter[str] = Counter()
    ordered = list(ids)
    for start in range(0, len(ordered), AT_ONCE):
        rows = Service.objects.filter(pk__in=ordered[start : start + AT_ONCE])
        for tags in rows.values_list("tags", flat=True):
            counted.update(str(tag) for tag in tags)
    return counted.most_common(TAGS_SHOWN)

"""Keep, change and remove views: the only writer of their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from lifecycle.models import SavedView
from lifecycle.services.listing.saved import queries
from registry.access import audit
from registry.access.roles import at_least
from registry.errors import InvalidConfigError, NotAllowedError, NotPossibleError
from registry.models import Role
from registry.models.limits import current

LONGEST_NAME, LONGEST_QUERY, MOST = 60, 2000, 50


def save(
    name: str, query: str, *, by: str, role: Role, now: datetime, shared: bool = False, default: bool = False
) -> SavedView:
    """Keep these filters under a name; one's own view of that name is overwritten."""
    name, query = _name(name), _query(query)
    with transaction.atomic():
        found = SavedView.objects.filter(owner=by, name=name).first()
        if found is None and SavedView.objects.filter(owner=by).count() >= MOST:
            raise NotPossibleError(f"You have {MOST} views. Remove one first.")
        before = _picture(found) if found else None
        view = found or SavedView(owner=by, name=name, created_at=now)
        view.query = query
        _put(view, role, shared=shared or view.shared, default=default or view.default)
        _store(view, now)
        audit.note(by, "view saved", name, now=now, before=before, after=_picture(view))
    return view


def change(pk: int, changes: dict[str, Any], *, by: str, role: Role, now: datetime) -> SavedView:
    """Another name or query, shared or not, default or not: of one's own; an admin of any that is shared."""
    with transaction.atomic():
        view = _mine(pk, by, role)
        before = _picture(view)
        if "name" in changes:
            view.name = _name(changes["name"])
            if SavedView.objects.filter(owner=view.owner, name=view.name).exclude(pk=pk).exists():
                raise InvalidConfigError("name", "is the name of another view", "Choose another one")
        if "query" in changes:
            view.query = _query(changes["query"])
        if changes.get("default") and view.owner != by:
            raise NotAllowedError("Save this view as your own to set it as default.")
        shared, default = changes.get("shared", view.shared), changes.get("default", view.default)
        _put(view, role, shared=bool(shared), default=bool(default))
        _store(view, now)
        audit.note(by, "view changed", view.name, now=now, before=before, after=_picture(view))
    return view


def remove(pk: int, *, by: str, role: Role, now: datetime) -> None:
    """It is gone for all with whom it was shared."""
    with transaction.atomic():
        view = _mine(pk, by, role)
        audit.note(by, "view removed", view.name, now=now, before=_picture(view))
        view.delete()


def may_change(view: SavedView, by: str, role: Role) -> bool:
    """Its owner, and an admin of one that is shared."""
    return view.owner == by or (view.shared and at_least(role, Role.ADMIN))


def may_share(role: Role) -> bool:
    """An admin who sees all services."""
    return at_least(role, Role.ADMIN) and not current()


def _mine(pk: int, by: str, role: Role) -> SavedView:
    view = queries.get(pk, by)
    if not may_change(view, by, role):
        raise NotAllowedError("This view belongs to someone else.")
    return view


def _put(view: SavedView, role: Role, *, shared: bool, default: bool) -> None:
    if shared and not view.shared and not may_share(role):
        raise NotAllowedError("Sharing a view with everyone requires the role admin.")
    view.shared, view.default = shared, default


def _store(view: SavedView, now: datetime) -> None:
    if view.default:
        SavedView.objects.filter(owner=view.owner, default=True).exclude(pk=view.pk).update(default=False)
    view.updated_at = now
    view.save()


def _name(given: object) -> str:
    name = " ".join(given.replace("\0", "").split()) if isinstance(given, str) else ""
    if not 1 <= len(name) <= LONGEST_NAME:
        remedy = f"Write 1 to {LONGEST_NAME} characters"
        raise InvalidConfigError("name", "is missing or too long", remedy)
    return name


def _query(given: object) -> str:
    query = queries.canonical(given) if isinstance(given, str) else ""
    if len(query) > LONGEST_QUERY:
        raise InvalidConfigError("query", "is too long", f"Use at most {LONGEST_QUERY} characters")
    return query


def _picture(view: SavedView) -> dict[str, Any]:
    return {key: getattr(view, key) for key in ("name", "query", "shared", "default")}

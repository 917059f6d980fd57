"""The import page: paste a document, look at what would change, correct it in place, save what is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry.access.roles import at_least, require, role_of
from registry.core.clients.table import CLIENTS, HTTP, MILLISECONDS, SECONDS, SSE
from registry.core.documents import correcting, reading
from registry.core.documents.correcting import Correction
from registry.core.documents.dialects import Found
from registry.errors import InvalidConfigError
from registry.imports import chunks, drafts, presenter, staleness
from registry.imports.bundles import archive
from registry.imports.bundles import operations as bundle_operations
from registry.imports.drafts import Draft, Fix
from registry.mcpjson import secret_bundle
from registry.models import Role

LIMIT, MOST = reading.MAX_BYTES, 4_000_000
"""Of a document; and of one with locked values, which must fit into a request."""
ANSWER, NAME, TEXT = "value:", "name:", "text:"
UNIT, TRANSPORT = "unit:", "transport:"
Context = dict[str, Any]
Unread = Mapping[int, InvalidConfigError]


@require(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def service_import(request: HttpRequest) -> HttpResponse:
    """The page. A POST looks at a document; `step` is check, save or go on with what was looked at."""
    if request.method != "POST":
        return render(request, "registry/imports/service_import.html", {"limit": LIMIT, "most": MOST})
    try:
        context, status = _answer(request)
    except InvalidConfigError as exc:
        context, status = {"problem": exc}, 422
    whole = not getattr(request, "htmx", None)
    template = "registry/imports/service_import.html" if whole else "registry/imports/_import_preview.html"
    return render(request, template, {"limit": LIMIT, "most": MOST, **context}, status=status)


def _answer(request: HttpRequest) -> tuple[Context, int]:
    step = request.POST.get("step", "")
    if not step and "fix" not in request.POST and "use" not in request.POST:
        return _first_look(request), 200
    draft = drafts.opened(request.POST.get("sealed", ""), request.user.pk)
    if step == "go on":
        return _go_on(request, draft)
    moved = step == "save" and staleness.moved(draft)
    draft, unread = _heard(request, draft)
    try:
        draft = _unlocked(request, draft)
    except InvalidConfigError as exc:
        return _look(request, draft, unread) | {"not_opened": exc}, 422
    if moved:
        return _look(request, draft, unread) | {"moved": True}, 409
    if step == "save":
        return _save(request, draft, unread)
    return _look(request, draft, unread), 200


def _first_look(request: HttpRequest) -> Context:
    """A new document; values that were typed for the one before it are kept."""
    text = _given(request)
    if len(text) <= LIMIT and not text.strip():
        return {"nothing": True}
    upload = request.FILES.get("file")
    file = upload.name or "" if upload else ""
    if text.startswith(archive.MAGIC):
        bundle = _bundle(request, text)
        draft = Draft(text=bundle_operations.text_of(bundle), bundle=bundle, client="mcpb")
        return _look(request, draft, {})
    return _look(request, Draft(text=text, file=file, values=_kept(request) | answers(request)), {})


def _bundle(request: HttpRequest, content: bytes) -> str:
    """Kept for whoever may save it: it holds programs."""
    if not at_least(role_of(request.user), Role.ADMIN):
        what, remedy = _("runs a program, which only an admin can add"), _("Ask an admin to add it")
        raise InvalidConfigError(_("The bundle"), what, remedy, role=Role.ADMIN)
    return bundle_operations.keep(content)


def _kept(request: HttpRequest) -> dict[str, str]:
    try:
        return dict(drafts.opened(request.POST.get("sealed", ""), request.user.pk).values)
    except InvalidConfigError:
        return {}


def _given(request: HttpRequest) -> bytes:
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("text", "").encode("utf-8", "surrogatepass")
    if (upload.size or 0) > reading.MOST_BYTES:
        raise InvalidConfigError(_("The file"), _("is larger than 1 MiB"), _("Split it into smaller ones"))
    content: bytes = upload.read()
    return content


def _look(request: HttpRequest, draft: Draft, unread: Unread) -> Context:
    draft, context = presenter.look(draft, role_of(request.user), unread)
    return context | {"sealed": draft.sealed(request.user.pk)}


def _heard(request: HttpRequest, draft: Draft) -> tuple[Draft, Unread]:
    """The draft with what the form says: corrections, values and ticks."""
    fixes, unread = _fixes(request, draft)
    ticked = {int(number) for number in request.POST.getlist("take") if number.isdecimal()}
    off = (draft.left_out - draft.offered) | (draft.offered - ticked)
    off = off - draft.rest if "rest" in request.POST else off | draft.rest
    heard = replace(
        draft,
        client=_client(request, draft),
        choices=choices_of(request, draft),
        fixes=(*draft.fixes, *fixes),
        values={**draft.values, **answers(request)},
        left_out=off,
        replacing="replace" in request.POST,
        spared=_spared(request, draft),
    )
    return heard, unread


def _client(request: HttpRequest, draft: Draft) -> str:
    """The client that was chosen for the whole document; one that is not known is not chosen."""
    given = request.POST.get("client", draft.client)
    return given if given in CLIENTS else ""


def choices_of(request: HttpRequest, draft: Draft) -> tuple[Fix, ...]:
    """What was chosen for entries whose unit or transport nobody said; for those not shown, as before."""
    before = {number: (unit, transport) for number, unit, transport in draft.choices}
    for number in range(len(draft.document.found)):
        unit, transport = before.get(number, ("", ""))
        unit = request.POST.get(f"{UNIT}{number}", unit)
        transport = request.POST.get(f"{TRANSPORT}{number}", transport)
        before[number] = (
            unit if unit in (SECONDS, MILLISECONDS) else "",
            transport if transport in (HTTP, SSE) else "",
        )
    return tuple((number, *chosen) for number, chosen in before.items() if any(chosen))


def _unlocked(request: HttpRequest, draft: Draft) -> Draft:
    """With the values that the document carries, where a passphrase was typed for them."""
    phrase = request.POST.get("passphrase", "")
    if not phrase or not draft.locked:
        return draft
    return replace(
        draft, carried=secret_bundle.values(draft.text, phrase), text=reading.without_sealed(draft.text)
    )


def _spared(request: HttpRequest, draft: Draft) -> frozenset[str]:
    shown, rest = draft.absent[: presenter.SHOWN], draft.absent[presenter.SHOWN :]
    spared = set(shown) - set(request.POST.getlist("remove"))
    return frozenset(spared | (set() if "remove-rest" in request.POST else set(rest)))


def _fixes(request: HttpRequest, draft: Draft) -> tuple[list[Fix], Unread]:
    """What was typed over names and entries; a text that cannot be read stays with its person."""
    fixes: list[Fix] = []
    unread: dict[int, InvalidConfigError] = {}
    pressed = request.POST.get("fix", "")
    used, _space, better = request.POST.get("use", "").partition(" ")
    for number in _corrected(request, len(draft.document.found)):
        item = draft.document.found[number]
        fix = _fix(request, number, item, insist=pressed == str(number))
        if used == str(number):
            fix = (number, better, fix[2])
        (made,) = correcting.applied([item], {0: Correction(name=fix[1], text=fix[2])})
        if fix[2] and made.problem is not None and made.raw is item.raw:
            unread[number] = made.problem
            fix = (number, fix[1], "")
        if fix[1] or fix[2]:
            fixes.append(fix)
    return fixes, unread


def _corrected(request: HttpRequest, count: int) -> list[int]:
    """The entries that the form has fields for."""
    fields = {key.partition(":")[2] for key in request.POST if key.startswith((NAME, TEXT))}
    return [number for number in range(count) if str(number) in fields]


def _fix(request: HttpRequest, number: int, item: Found, *, insist: bool) -> Fix:
    """What differs from what was shown; the text also where its button was pressed."""
    name = request.POST.get(f"{NAME}{number}", "").strip()
    text = request.POST.get(f"{TEXT}{number}", "").replace("\r\n", "\n")
    if name == presenter.shown_name(item):
        name = ""
    if text and not insist and text.strip() == correcting.shown(item).strip():
        text = ""
    return number, name, text


def _save(request: HttpRequest, draft: Draft, unread: Unread) -> tuple[Context, int]:
    """Save a first portion of what was ticked; without htmx, all of it."""
    chosen = (draft.offered | draft.rest) - draft.left_out
    removals = [name for name in draft.absent if name not in draft.spared] if draft.replacing else []
    if removals and request.POST.get("confirmed") != str(len(removals)):
        return _look(request, draft, unread) | {"confirm": removals}, 200
    draft = chunks.begin(draft, chosen, removals)
    if not draft.total:
        return _look(request, draft, unread) | {"nothing_chosen": True}, 200
    if draft.bundle and at_least(role_of(request.user), Role.ADMIN):
        bundle_operations.unpack(draft.bundle)
    return _go_on(request, draft, unread)


def _go_on(request: HttpRequest, draft: Draft, unread: Unread | None = None) -> tuple[Context, int]:
    by, role = request.user.get_username(), role_of(request.user)
    chunk = chunks.size(draft) if getattr(request, "htmx", None) else max(draft.total, 1)
    while True:
        draft = chunks.go_on(draft, by=by, role=role, now=timezone.now(), chunk=chunk)
        if not draft.todo and not draft.removals:
            break
        if getattr(request, "htmx", None):
            return {"going": draft, "sealed": draft.sealed(request.user.pk)}, 200
    none = bool(draft.failed) and draft.failed == draft.total
    return _look(request, draft, unread or {}) | {"saved": True}, 422 if none else 200


def answers(request: HttpRequest) -> dict[str, str]:
    """The values that a page asked for and got."""
    given = {key.removeprefix(ANSWER): value for key, value in request.POST.items() if key.startswith(ANSWER)}
    return {key: str(value) for key, value in given.items() if value}

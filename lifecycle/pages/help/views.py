"""The documentation as pages of the console."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from lifecycle.pages.about.facts import console_version
from lifecycle.pages.help.documents import ENGLISH, FILES, document, html
from registry.access.roles import require
from registry.models import Role


@require(Role.VIEWER)
@require_safe
def help_list(request: HttpRequest) -> HttpResponse:
    """What there is to read."""
    pages = [(name, title, _lacks(name)) for name, (_path, title) in FILES.items()]
    return render(request, "lifecycle/help/help_list.html", {"pages": pages, "version": console_version()})


@require(Role.VIEWER)
@require_safe
def help_page(request: HttpRequest, name: str) -> HttpResponse:
    """The beginning of a document, and its contents."""
    return _shown(request, name, "")


@require(Role.VIEWER)
@require_safe
def help_section(request: HttpRequest, name: str, section: str) -> HttpResponse:
    """One section of it."""
    return _shown(request, name, section)


def _lacks(name: str) -> str:
    """Of a document in English, or partly so, for whoever reads another language."""
    language = _language()
    english = [one.language != language for one in document(name, language).sections.values() if one.tokens]
    if not any(english):
        return ""
    return _("in English") if all(english) else _("partly in English")


def _language() -> str:
    return get_language() or ENGLISH


def _shown(request: HttpRequest, name: str, section: str) -> HttpResponse:
    if name not in FILES or section not in document(name).sections:
        raise Http404(name)
    known = document(name, _language())
    context = {
        "document": known,
        "section": known.sections[section],
        "sections": [one for one in known.sections.values() if one.anchor],
        "html": html(name, section, _language()),
    }
    return render(request, "lifecycle/help/help_page.html", context)

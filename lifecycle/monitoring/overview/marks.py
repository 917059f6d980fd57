"""Services that serve and are remarkable all the same: too many errors, or slower than usual, in words."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.core.machine.states import State
from lifecycle.models import ServiceState
from lifecycle.monitoring.listed import error_words
from lifecycle.monitoring.overview.queries import Now
from lifecycle.monitoring.uptime.slo import slow_words


def is_only_marked(row: ServiceState) -> bool:
    """Whether nothing else is wrong with one that stands among the problems."""
    return row.state == State.HEALTHY


def looks_of(row: ServiceState) -> tuple[str, str]:
    """The class and the word in place of its state."""
    return "l-warning", _("Errors") if error_words.row_of(row.service) else _("Slow")


def story_of(row: ServiceState) -> tuple[str, str]:
    """What is remarkable, and the figures that say so."""
    errors, slow = error_words.row_of(row.service), slow_words.slow_row(row.service)
    parts = ([error_words.counted(errors)] if errors else []) + ([slow_words.said(slow)] if slow else [])
    return _("Serving, but with a high error rate.") if errors else _("Unusually slow."), ", ".join(parts)


def since_of(row: ServiceState) -> datetime | None:
    """When it began."""
    errors, slow = error_words.row_of(row.service), slow_words.slow_row(row.service)
    if errors:
        return error_words.since(errors)
    return slow_words.since(slow) if slow else None


def next_step() -> str:
    """What happens by itself."""
    return _("Checks continue; it is not restarted because of this.")


def headline_parts(now: Now) -> list[str]:
    """How many there are, for the headline."""
    marked = [row for row in now.troubled if is_only_marked(row)]
    errors = sum(error_words.row_of(row.service) is not None for row in marked)
    slow = len(marked) - errors
    parts = [
        (ngettext("%(n)s with a high error rate", "%(n)s with a high error rate", errors), errors),
        (ngettext("%(n)s unusually slow", "%(n)s unusually slow", slow), slow),
    ]
    return [words % {"n": f"{count:,}"} for words, count in parts if count]

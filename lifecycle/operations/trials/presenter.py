"""A trial in words: those that the service's own page would say of the same answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Kind
from lifecycle.models import Trial
from lifecycle.operations.trials import operations
from lifecycle.pages import humanize
from lifecycle.services.diagnosis import remedies
from registry.models import Transport

SLOW_WORKER = timedelta(seconds=2 * operations.LIMIT)
TRANSPORTS = {Cause.WANTS_SSE: Transport.SSE, Cause.WANTS_STREAMABLE: Transport.STREAMABLE_HTTP}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A change of one field of the form, by one click."""

    field: str
    value: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a trial stands; `css` is that of the state's mark, `open` that its end is to be waited for."""

    pk: int
    open: bool
    css: str = ""
    mark: str = ""
    happened: str = ""
    message: str = ""
    facts: tuple[str, ...] = ()
    named: str = ""
    output: str = ""
    cause: str = ""
    todo: tuple[str, ...] = ()
    offer: Offer | None = None


def shown(trial: Trial, now: datetime) -> Shown:
    """The trial as its page shows it."""
    outcome = operations.outcome_of(trial)
    if outcome is None and trial.state != Trial.State.DONE and now - trial.created_at < SLOW_WORKER:
        return Shown(pk=trial.pk, open=True)
    if outcome is None:
        said = _("The worker did not answer. Check Workers, then try again.")
        return Shown(pk=trial.pk, open=False, css="s-unreachable", mark=_("Not tried"), happened=said)
    return _good(trial.pk, outcome) if outcome["ok"] else _bad(trial.pk, outcome)


def _good(pk: int, outcome: Mapping[str, Any]) -> Shown:
    speaks = (
        _("It speaks MCP %(version)s, the newer protocol without sessions.")
        if outcome["modern"]
        else _("It speaks MCP %(version)s, with sessions.")
    ) % {"version": outcome["protocol"]}
    tools = ngettext("%(n)d tool", "%(n)d tools", outcome["tools"]) % {"n": outcome["tools"]}
    server = " ".join(part for part in (outcome["server"], outcome["version"]) if part)
    more = outcome["tools"] - len(outcome["named"])
    named = ", ".join(outcome["named"]) + (_(" and %(n)d more") % {"n": more} if more > 0 else "")
    return Shown(
        pk=pk,
        open=False,
        css="s-healthy",
        mark=_("Works"),
        happened=f"{speaks} {outcome['note']}".strip(),
        facts=tuple(part for part in (tools, server, humanize.milliseconds(outcome["took_ms"])) if part),
        named=named,
    )


def _bad(pk: int, outcome: Mapping[str, Any]) -> Shown:
    kind, cause = Kind(outcome["kind"]), Cause(outcome["cause"]) if outcome["cause"] else None
    words = remedies.advice(kind, cause)
    signs_in = kind is Kind.AUTH
    asks = outcome.get("issuer", "")
    return Shown(
        pk=pk,
        open=False,
        css="s-signin" if signs_in else "s-unreachable",
        mark=capfirst(str(words.short)),
        happened=str(words.happened),
        message=outcome["message"],
        facts=(_("It needs an OAuth sign-in at %(issuer)s.") % {"issuer": asks},) if asks else (),
        output=outcome.get("output", ""),
        cause=str(words.cause),
        todo=tuple(str(step) for step in words.todo),
        offer=_offer(cause, outcome.get("elsewhere", ""), str(words.edit)),
    )


def _offer(cause: Cause | None, elsewhere: str, edit: str) -> Offer | None:
    if cause in TRANSPORTS:
        return Offer(field="transport", value=TRANSPORTS[cause].value, words=edit)
    if elsewhere:
        return Offer(field="url", value=elsewhere, words=_("Use %(url)s") % {"url": elsewhere})
    return None

"""The shape of advice on a failure: what happened, the likely cause, what a person can do, which buttons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

Words = str | Promise


class Act(StrEnum):
    """What a person can do about it with one click; the first four are commands."""

    RECONNECT = "reconnect"
    RESTART = "restart"
    CHECK = "check"
    START = "start"
    EDIT = "edit"
    SIGN_IN = "signin"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The words for one kind of failure, or for one cause within it; `short` stands in the list of services.

    `edit` is what the button says that leads to the form, `ask` what it asks the form to fill in.
    """

    short: Words
    happened: Words
    cause: Words
    todo: tuple[Words, ...]
    acts: tuple[Act, ...]
    edit: Words = lazy("Edit configuration")
    ask: str = ""

"""The outcome of a call as people may see it: without secrets."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from lifecycle.tools.answers.presenter import Answer, answer_of
from lifecycle.tools.presenter import mapped
from registry.models import Service
from registry.secrets import vault


def outcome_of(service: Service, command: Command) -> dict[str, Any]:
    """What came of a finished call, masked."""
    outcome = operation_commands.outcome_of(command)
    if outcome is None:
        outcome = {"ok": False, "error": command.error or _("The call failed.")}
    known = vault.known_values(service)
    found: dict[str, Any] = mapped(outcome, lambda text: vault.mask(text, known))
    return found


def answer_to(service: Service, command: Command) -> Answer:
    """The outcome of a finished call, ready to show."""
    tool = str(operation_commands.arguments_of(command).get("tool", ""))
    schema = service.tools.filter(name=tool).order_by("position").values_list("output_schema", flat=True)
    return answer_of(outcome_of(service, command), schema.first())

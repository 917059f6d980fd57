"""An entry that nobody has saved, to be tried: planned by the rules for saving, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.access.roles import at_least
from registry.core.documents.dialects import Document
from registry.core.entries.entry import ServiceConfig
from registry.errors import InvalidConfigError, NotAllowedError
from registry.models import Role
from registry.secrets import vault
from registry.services import store_rows
from registry.services.planner import Planner, name_all


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What would be reached, and as which address people may see it; `hidden` is masked in all that comes."""

    name: str
    endpoint: str
    config: ServiceConfig = field(repr=False)
    hidden: frozenset[str] = field(repr=False)


def of(
    document: Document, *, role: Role, values: Mapping[str, str] | None = None, number: int = 0
) -> Candidate:
    """The entry of this *number*; raises what would keep this role from saving it."""
    if not at_least(role, Role.OPERATOR):
        raise NotAllowedError("Trying an address or a command requires the role operator.")
    if not 0 <= number < len(document.found):
        raise InvalidConfigError("The document", "has no such entry", "Give the entry of one service")
    (plan,) = Planner(role, values or {}).plan([name_all(document.found, {})[number]])
    if plan.error is not None:
        raise plan.error
    if plan.entry is None:
        raise InvalidConfigError(plan.name, "could not be read", "Write its url or command")
    config = plan.entry.config
    return Candidate(
        name=plan.name,
        endpoint=store_rows.endpoint(plan.stored, plan.origin),
        config=config,
        hidden=vault.hidden_in(plan.stored, plan.filled, config.transport).said,
    )

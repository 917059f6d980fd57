"""How what a service offers has changed."""

from __future__ import annotations

from mcpstore_site.facade.records import ContractChangeRecord
from mcpstore_site.facade.scope import Scope
from registry import history


class Contracts(Scope):
    """The contract of each service."""

    def list_contract_changes(
        self, name: str, after: int = 0, kind: str = "", limit: int = 100
    ) -> list[ContractChangeRecord]:
        """Changes of the tools after an id, oldest first; *kind* is breaking, compatible or text."""
        rows = history.of(self.service(name), kind).filter(id__gt=after).order_by("id")[:limit]
        return [
            ContractChangeRecord(
                id=row.pk,
                at=row.at,
                kind=row.grade,
                about=row.kind,
                name=row.name,
                action=row.action,
                lines=[line["text"] for line in row.lines],
                by=row.by,
                waits=row.waits,
            )
            for row in rows
        ]

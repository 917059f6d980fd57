"""What a service offers: how it has changed, and deciding on what waits."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from lifecycle.tools.contracts import operations as contract_operations
from mcpstore_site.facade.records import ContractChangeRecord, WaitingToolRecord
from mcpstore_site.facade.scope import BY, Scope
from registry.contracts import history
from registry.contracts import record as contract_record


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

    def pin_tools(self, name: str) -> None:
        """From now on a changed or new tool waits for approval, and calls to it raise."""
        contract_operations.pin(self.service(name).name, by=BY, now=timezone.now())

    def unpin_tools(self, name: str) -> None:
        """Take what waits, and every change from now on."""
        contract_operations.unpin(self.service(name).name, by=BY, now=timezone.now())

    def list_waiting_tools(self, name: str) -> list[WaitingToolRecord]:
        """What waits for approval; each `hash` belongs to exactly what is offered now."""
        rows = self.service(name).waiting_tools.order_by("id")
        return [
            WaitingToolRecord(
                name=row.name,
                action=row.action,
                kind=row.grade,
                lines=[line["text"] for line in row.lines],
                hash=row.digest,
                since=row.since,
                refused_by=row.refused_by,
                definition=row.definition,
            )
            for row in rows
        ]

    def approve_tool(self, name: str, tool: str, hash: str) -> None:
        """Take one change; ContractError where the tool changed again since the hash was given."""
        contract_operations.approve(self.service(name).name, tool, seen=hash, by=BY, now=timezone.now())

    def approve_all_tools(self, name: str, seen: Iterable[WaitingToolRecord]) -> list[str]:
        """Take all that waits, if it still is what was *seen*, as `list_waiting_tools` gave it; their names.

        ContractError where something else waits by now; nothing is approved then.
        """
        digest = contract_record.list_hash((row.name, row.hash) for row in seen)
        return contract_operations.approve_all(
            self.service(name).name, seen=digest, by=BY, now=timezone.now()
        )

    def refuse_tool(self, name: str, tool: str, hash: str) -> None:
        """Keep refusing one change, until the server changes the tool again."""
        contract_operations.refuse(self.service(name).name, tool, seen=hash, by=BY, now=timezone.now())

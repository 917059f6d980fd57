"""Add, change and remove services. It is saved when a call returns; the worker does the rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Self

from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.services import counts
from mcpstore_site.facade import sources, waiting
from mcpstore_site.facade.scope import BY, Scope
from mcpstore_site.facade.sources import Config, Readings
from mcpstore_site.facade.waiting import Wait
from registry.agents import operations as agent_operations
from registry.core.documents import reading
from registry.errors import InvalidConfigError
from registry.imports import import_run
from registry.imports import preview as import_preview
from registry.imports.preview import Preview
from registry.mcpjson import image, secret_bundle
from registry.models import Desired, Role, Service
from registry.removed import operations as removed_operations
from registry.services import change as service_change
from registry.services import register
from registry.services.register import Result

logger = logging.getLogger(__name__)
MOVING = frozenset({State.INITIALIZING, State.DISCONNECTING})


class Configuring(Scope):
    """`results` tells what became of each entry of the last `add_service` in the chain."""

    results: Sequence[Result] = ()

    def add_service(
        self,
        config: Config = None,
        wait: Wait = None,
        *,
        values: Mapping[str, str] | None = None,
        passphrase: str = "",
        client: str = "",
        readings: Readings | None = None,
    ) -> Self:
        """Save every good entry; InvalidConfigError only if none is good, the bad ones are in `results`.

        With *wait* it also waits until each is connected or has failed to, which is not an error here.
        *values* answer placeholders; *passphrase* opens those of a document exported with secrets. *client*
        says client of the document, if it is not recognised or from its path: "cline", "gemini" …
        *readings* say by name what nobody does: {"weather": {"unit": "s", "transport": "sse"}}.
        """
        limits = waiting.seconds(wait, ["stdio", "remote"])
        results = self._register(config, values or {}, passphrase, client, readings or {})
        good = [result.name for result in results if result.error is None]
        if good:
            agent_operations.include(self.agent_id, good, by=BY, now=timezone.now())
        if limits:
            self._settled(good, wait)
        done = type(self)(self.agent_id)
        done.results = results
        return done

    @staticmethod
    def _register(
        config: Config, values: Mapping[str, str], passphrase: str, client: str, readings: Readings
    ) -> list[Result]:
        source, now = sources.read(config), timezone.now()
        opened = secret_bundle.values(reading.read(source), passphrase) if passphrase else {}
        document = sources.document(config, source, client, readings) if readings else source
        results = import_run.bring(
            document,
            by=BY,
            role=Role.ADMIN,
            now=now,
            values={**opened, **values},
            client=client,
            file=sources.file_of(config, source),
        )
        bad = [result.error for result in results if result.error is not None]
        if bad and len(bad) == len(results):
            raise bad[0]
        for error in bad:
            logger.warning("not added: %s", error)
        return results

    def preview_service(
        self,
        config: Config = None,
        *,
        values: Mapping[str, str] | None = None,
        client: str = "",
        readings: Readings | None = None,
    ) -> Preview:
        """What `add_service` would do with the same arguments, and what it understood of each entry."""
        document = sources.document(config, sources.read(config), client, readings or {})
        return import_preview.preview(document, values=values)

    def export_config(self, passphrase: str = "") -> dict[str, Any]:
        """The mcp.json; with a *passphrase* its secret values are beside it, locked, and that is audited."""
        if passphrase:
            return secret_bundle.export(passphrase, agent=self.agent_id, by=BY, now=timezone.now())
        return image.document(self.services())

    def _settled(self, names: Sequence[str], wait: Wait) -> bool:
        transports = Service.objects.listed().filter(name__in=names).values_list("transport", flat=True)
        return waiting.until(lambda: not self._moving(names), waiting.seconds(wait, transports))

    @staticmethod
    def _moving(names: Sequence[str]) -> bool:
        rows = Service.objects.listed().filter(name__in=names).select_related("state_row")
        return any(_is_moving(service) for service in rows)

    def update_service(self, name: str, config: Mapping[str, Any]) -> Self:
        """Change properties, or, with any other key in *config*, give the service that whole new entry.

        Properties are `desired`, `profile`, `priority`, `tags`, `description`, `timeout` and `policy`. The
        service changes for every agent that has it.
        """
        service = self.service(name)
        given = {key: value for key, value in config.items() if key != "name"}
        if config.get("name", name) != name:
            raise InvalidConfigError("name", "cannot be changed", "Add a service under the new name")
        changes = given if given.keys() <= set(service_change.known()) else {"config": given}
        service_change.change(service.name, changes, by=BY, role=Role.ADMIN, now=timezone.now())
        return self

    def remove_service(self, name: str) -> Self:
        """Take a service out of the store, or, for an agent, out of its choice alone."""
        service, now = self.service(name), timezone.now()
        if self.whole:
            register.remove(service.name, by=BY, now=now)
        else:
            agent_operations.exclude(self.agent_id, service.name, by=BY, now=now)
        return self

    def restore_service(self, name: str) -> Self:
        """Bring back a service that was removed within 7 days, or archived; an agent also chooses it again.

        NotPossibleError says what is in the way, such as another service of that name.
        """
        now = timezone.now()
        restored = removed_operations.restore(name, by=BY, role=Role.ADMIN, now=now)
        agent_operations.include(self.agent_id, [restored.name], by=BY, now=now)
        return self


def _is_moving(service: Service) -> bool:
    """Whether the worker has yet to bring it to where it is wanted, once at least."""
    row, state = counts.state_row(service), counts.state_of(service)
    if service.desired == Desired.STOPPED:
        return state is not State.DISCONNECTED
    return row is None or row.revision_applied < service.revision or state in MOVING

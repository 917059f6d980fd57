"""manage.py services: the list of them, one, removing, and bringing back what was removed or archived."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.services import api as service_api
from lifecycle.services import queries as service_queries
from registry.dependencies import links
from registry.dependencies.release import StillNeededError
from registry.management.terminal import BY, PARTLY, BaseCommand, as_json, refusals, table, when
from registry.mcpjson import image
from registry.models import Role
from registry.removed import api as removed_api
from registry.removed import operations as removed_operations
from registry.services import register

STATES = [state.value for state in State]


class Command(BaseCommand):
    help = "List, show, remove and restore services."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        every = what.add_parser("list", help="list all services, or those that match")
        every.add_argument("-q", default="", metavar="TEXT", help="part of a name, address or tool")
        every.add_argument("--state", default="", choices=STATES, metavar="STATE", help=", ".join(STATES))
        every.add_argument("--tag", default="", metavar="TAG")
        show = what.add_parser("show", help="show one service as JSON, secrets masked")
        show.add_argument("name", metavar="SERVICE")
        remove = what.add_parser("remove", help="remove services; `restore` works for 7 days")
        remove.add_argument("names", nargs="+", metavar="SERVICE")
        remove.add_argument(
            "--force",
            action="store_true",
            help="also services that others depend on; removes these dependencies",
        )
        gone = what.add_parser("removed", help="list removed services, newest first")
        gone.add_argument("--archived", action="store_true", help="list archived services instead")
        back = what.add_parser("restore", help="restore a removed or archived service")
        back.add_argument("name", metavar="SERVICE")
        back.add_argument("--number", type=int, metavar="ID", help="its number, if several have that name")
        for using in (every, gone):
            using.add_argument("--json", action="store_true", help="print JSON, as in REST")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        match = {key: options[key] for key in ("q", "state", "tag")}
        found = service_queries.matching(**match).select_related("state_row").order_by("name")
        if options["json"]:
            rows = [service_queries.describe(service) for service in found]
            as_json(self.stdout.write, {"count": len(rows), "results": rows})
            return
        cells = [
            (one.name, service_queries.state_of(one).value, one.desired, one.transport, one.endpoint)
            for one in found
        ]
        table(self.stdout.write, ("SERVICE", "STATE", "DESIRED", "TRANSPORT", "ENDPOINT"), cells)

    def _show(self, options: dict[str, Any]) -> None:
        as_json(self.stdout.write, service_api.full(options["name"]))

    def _remove(self, options: dict[str, Any]) -> None:
        names = [register.get(name).name for name in dict.fromkeys(options["names"])]
        kept: list[str] = []
        for name in links.removal_order(names):
            try:
                register.remove(name, by=BY, now=timezone.now(), force=options["force"])
            except StillNeededError as exc:
                kept.append(name)
                self.stderr.write(f"  {exc}")
            else:
                self.stdout.write(f"removed    {name}")
        image.export_pending(author=BY, now=timezone.now())
        if kept:
            code = PARTLY if len(kept) < len(names) else 1
            raise CommandError(f"Not removed: {', '.join(kept)}. --force does.", returncode=code)

    def _removed(self, options: dict[str, Any]) -> None:
        rows = (
            removed_operations.archived()
            if options["archived"]
            else removed_operations.removed(timezone.now())
        )
        found = [removed_api.described(service) for service in rows]
        if options["json"]:
            as_json(self.stdout.write, {"count": len(found), "results": found})
            return
        cells = [
            (
                one["id"],
                one["name"],
                when(one["removed_at"] or one["archived_at"]),
                one["removed_by"] or "-",
                when(one["kept_until"]),
                one["endpoint"],
            )
            for one in found
        ]
        table(self.stdout.write, ("ID", "SERVICE", "WHEN", "BY", "KEPT UNTIL", "ENDPOINT"), cells)

    def _restore(self, options: dict[str, Any]) -> None:
        service = removed_operations.restore(
            options["name"], by=BY, role=Role.ADMIN, now=timezone.now(), number=options["number"]
        )
        image.export_pending(author=BY, now=timezone.now())
        self.stdout.write(f"restored   {service.name}")

"""manage.py contracts: what services offer, how that changed, and deciding on what waits for approval."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from lifecycle.tools import api as tool_api
from lifecycle.tools.contracts import api as contract_api
from lifecycle.tools.contracts import operations as contract_operations
from lifecycle.tools.contracts import terminal as contract_terminal
from registry.contracts import approve as contract_approve
from registry.contracts import history
from registry.contracts import record as contract_record
from registry.core.contract.compare import Grade
from registry.management.terminal import BY, BaseCommand, agreed, as_json, interactive, plain, refusals
from registry.models import Service, WaitingTool
from registry.services import register

SHORTEST = 8


class Command(BaseCommand):
    help = "Show contract changes, pin services, approve or refuse waiting tools."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")

        def command(word: str, text: str, *, named: bool = True, json: bool = False) -> ArgumentParser:
            made = what.add_parser(word, help=text)
            if named:
                made.add_argument("name", metavar="SERVICE")
            if json:
                made.add_argument("--json", action="store_true", help="print JSON, as in REST")
            return made

        every = command("list", "list the contracts of all services", named=False, json=True)
        every.add_argument(
            "--waiting", action="store_true", help="only services with tools waiting for approval"
        )
        told = command("history", "list contract changes of a service, newest last", json=True)
        told.add_argument("--class", dest="grade", choices=[grade.value for grade in Grade], default="")
        told.add_argument("--limit", type=int, default=50, metavar="N")
        one = command("change", "show one change with its difference", json=True)
        one.add_argument("number", type=int, metavar="ID")
        held = command("waiting", "list tools waiting for approval; with TOOL show the difference", json=True)
        held.add_argument("tool", nargs="?", metavar="TOOL")
        command("pin", "require approval for changed and new tools from now on")
        command("unpin", "accept waiting tools, and every change from now on")
        approve = command("approve", "approve a waiting tool")
        approve.add_argument("tool", nargs="?", metavar="TOOL")
        approve.add_argument("--all", action="store_true", help="all waiting tools, also refused ones")
        refuse = command("refuse", "refuse a waiting tool")
        refuse.add_argument("tool", metavar="TOOL")
        for deciding in (approve, refuse):
            deciding.add_argument("--seen", metavar="HASH", help="the hash that `waiting` printed")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = contract_terminal.services(waiting=options["waiting"])
        if not options["json"]:
            contract_terminal.say_services(self.stdout.write, found)
            return
        answers = [
            {"name": one.name, "contract": tool_api.contract_of(contract_operations.contract_status(one))}
            for one in found
        ]
        as_json(self.stdout.write, {"count": len(answers), "results": answers})

    def _history(self, options: dict[str, Any]) -> None:
        rows = history.of(register.get(options["name"]), options["grade"])
        found = list(rows[: max(options["limit"], 0)])[::-1]
        if options["json"]:
            as_json(self.stdout.write, {"results": [contract_api.short(row) for row in found]})
        else:
            contract_terminal.say_history(self.stdout.write, found)

    def _change(self, options: dict[str, Any]) -> None:
        row = history.one(register.get(options["name"]), options["number"])
        if options["json"]:
            as_json(self.stdout.write, contract_api.full(row))
        else:
            contract_terminal.say_change(self.stdout.write, row)

    def _waiting(self, options: dict[str, Any]) -> None:
        service = register.get(options["name"])
        if options["tool"] is None:
            rows = list(service.waiting_tools.order_by("id"))
        else:
            rows = [contract_approve.waits(service, options["tool"])]
        if options["json"]:
            found = [tool_api.waiting(row) for row in rows]
            whole = {"hash": _hash(rows), "count": len(rows), "results": found}
            as_json(self.stdout.write, whole if options["tool"] is None else found[0])
            return
        self._look(rows)
        if rows and options["tool"] is None:
            self.stdout.write(f"For all of them: --seen {_hash(rows)[: contract_terminal.SHORT]}")

    def _look(self, rows: list[WaitingTool]) -> None:
        """A table; of one tool, also the lines that differ."""
        if not rows:
            self.stdout.write("No tool waits for approval.")
            return
        contract_terminal.say_waiting(self.stdout.write, rows)
        if len(rows) == 1:
            contract_terminal.say_offered(self.stdout.write, rows[0])

    def _pin(self, options: dict[str, Any]) -> None:
        contract_operations.pin(options["name"], by=BY, now=timezone.now())

    def _unpin(self, options: dict[str, Any]) -> None:
        contract_operations.unpin(options["name"], by=BY, now=timezone.now())

    def _approve(self, options: dict[str, Any]) -> None:
        tool, service = options["tool"], register.get(options["name"])
        if options["all"] == (tool is not None):
            raise CommandError("Name one waiting tool, or give --all.")
        if tool is not None:
            seen = self._seen([contract_approve.waits(service, tool)], options, "Approve it?")
            contract_operations.approve(service.name, tool, seen=seen, by=BY, now=timezone.now())
            self.stdout.write(f"approved  {plain(tool)}")
            return
        seen = self._seen_all(service, options)
        for name in contract_operations.approve_all(service.name, seen=seen, by=BY, now=timezone.now()):
            self.stdout.write(f"approved  {plain(name)}")

    def _refuse(self, options: dict[str, Any]) -> None:
        tool, service = options["tool"], register.get(options["name"])
        seen = self._seen([contract_approve.waits(service, tool)], options, "Refuse it?")
        contract_operations.refuse(service.name, tool, seen=seen, by=BY, now=timezone.now())
        self.stdout.write(f"refused   {plain(tool)}")

    def _seen(self, rows: list[WaitingTool], options: dict[str, Any], question: str) -> str:
        """The digest of one tool, once the person has seen what it is of."""
        self._confirm(rows, rows[0].digest, options, question)
        return rows[0].digest

    def _seen_all(self, service: Service, options: dict[str, Any]) -> str:
        rows = list(service.waiting_tools.order_by("id"))
        self._confirm(rows, _hash(rows), options, f"Approve all {len(rows):,}?")
        return _hash(rows)

    def _confirm(self, rows: list[WaitingTool], digest: str, options: dict[str, Any], question: str) -> None:
        """By the hash that was given, or by looking at it now; else CommandError, and nothing is done."""
        given = options["seen"]
        if given is None and interactive():
            self._look(rows)
            if not agreed(question):
                raise CommandError("Nothing was changed.")
        elif given is None:
            raise CommandError(f"Give --seen HASH, as `contracts waiting {options['name']}` gives it.")
        elif not _matches(given, digest):
            raise CommandError(
                "The waiting tools have changed. Review them with "
                f"`contracts waiting {options['name']}`, and give its hash."
            )


def _hash(rows: list[WaitingTool]) -> str:
    return contract_record.list_hash((row.name, row.digest) for row in rows)


def _matches(given: str, digest: str) -> bool:
    """A beginning of the hash does; a tool that is no longer offered has none."""
    if not digest:
        return given == contract_terminal.GONE
    return len(given) >= SHORTEST and digest.startswith(given.lower())

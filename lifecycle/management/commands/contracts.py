"""manage.py contracts: what services offer, how that changed, and deciding on what waits for approval."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lifecycle import api_contracts, api_tools, approvals, contract_told
from registry import approving, contracts, history, registration
from registry.core.contract import Grade
from registry.models import Service, WaitingTool
from registry.terminal import BY, agreed, as_json, interactive, plain, refusals

SHORTEST = 8


class Command(BaseCommand):
    help = "Show how the tools of services changed, pin them, approve or refuse what waits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")

        def command(word: str, text: str, *, named: bool = True, json: bool = False) -> ArgumentParser:
            made = what.add_parser(word, help=text)
            if named:
                made.add_argument("name", metavar="SERVICE")
            if json:
                made.add_argument("--json", action="store_true", help="for programs, as REST gives it")
            return made

        every = command("list", "all services whose tools were ever listed", named=False, json=True)
        every.add_argument("--waiting", action="store_true", help="only those with tools to decide on")
        told = command("history", "how the tools of a service changed, the latest last", json=True)
        told.add_argument("--class", dest="grade", choices=[grade.value for grade in Grade], default="")
        told.add_argument("--limit", type=int, default=50, metavar="N")
        one = command("change", "one change with the lines that differ", json=True)
        one.add_argument("number", type=int, metavar="ID")
        held = command("waiting", "what waits for approval; with TOOL the lines that differ", json=True)
        held.add_argument("tool", nargs="?", metavar="TOOL")
        command("pin", "from now on a changed or new tool waits for approval")
        command("unpin", "take what waits, and every change from now on")
        approve = command("approve", "take a change that waits into the contract")
        approve.add_argument("tool", nargs="?", metavar="TOOL")
        approve.add_argument("--all", action="store_true", help="all that waits, refused tools too")
        refuse = command("refuse", "go on refusing a change that waits")
        refuse.add_argument("tool", metavar="TOOL")
        for deciding in (approve, refuse):
            deciding.add_argument("--seen", metavar="HASH", help="what you looked at, as `waiting` gives it")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            getattr(self, f"_{options['what']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = contract_told.services(waiting=options["waiting"])
        if not options["json"]:
            contract_told.say_services(self.stdout.write, found)
            return
        answers = [
            {"name": one.name, "contract": api_tools.contract_of(approvals.standing(one))} for one in found
        ]
        as_json(self.stdout.write, {"count": len(answers), "results": answers})

    def _history(self, options: dict[str, Any]) -> None:
        rows = history.of(registration.get(options["name"]), options["grade"])
        found = list(rows[: max(options["limit"], 0)])[::-1]
        if options["json"]:
            as_json(self.stdout.write, {"results": [api_contracts.short(row) for row in found]})
        else:
            contract_told.say_history(self.stdout.write, found)

    def _change(self, options: dict[str, Any]) -> None:
        row = history.one(registration.get(options["name"]), options["number"])
        if options["json"]:
            as_json(self.stdout.write, api_contracts.full(row))
        else:
            contract_told.say_change(self.stdout.write, row)

    def _waiting(self, options: dict[str, Any]) -> None:
        service = registration.get(options["name"])
        if options["tool"] is None:
            rows = list(service.waiting_tools.order_by("id"))
        else:
            rows = [approving.waits(service, options["tool"])]
        if options["json"]:
            found = [api_tools.waiting(row) for row in rows]
            whole = {"hash": _hash(rows), "count": len(rows), "results": found}
            as_json(self.stdout.write, whole if options["tool"] is None else found[0])
            return
        self._look(rows)
        if rows and options["tool"] is None:
            self.stdout.write(f"All of it is --seen {_hash(rows)[: contract_told.SHORT]}")

    def _look(self, rows: list[WaitingTool]) -> None:
        """A table; of one tool, also the lines that differ."""
        if not rows:
            self.stdout.write("Nothing waits.")
            return
        contract_told.say_waiting(self.stdout.write, rows)
        if len(rows) == 1:
            contract_told.say_offered(self.stdout.write, rows[0])

    def _pin(self, options: dict[str, Any]) -> None:
        approvals.pin(options["name"], by=BY, now=timezone.now())

    def _unpin(self, options: dict[str, Any]) -> None:
        approvals.unpin(options["name"], by=BY, now=timezone.now())

    def _approve(self, options: dict[str, Any]) -> None:
        tool, service = options["tool"], registration.get(options["name"])
        if options["all"] == (tool is not None):
            raise CommandError("Name one tool that waits, or write --all.")
        if tool is not None:
            seen = self._seen([approving.waits(service, tool)], options, "Approve it?")
            approvals.approve(service.name, tool, seen=seen, by=BY, now=timezone.now())
            self.stdout.write(f"approved  {plain(tool)}")
            return
        seen = self._seen_all(service, options)
        for name in approvals.approve_all(service.name, seen=seen, by=BY, now=timezone.now()):
            self.stdout.write(f"approved  {plain(name)}")

    def _refuse(self, options: dict[str, Any]) -> None:
        tool, service = options["tool"], registration.get(options["name"])
        seen = self._seen([approving.waits(service, tool)], options, "Go on refusing it?")
        approvals.refuse(service.name, tool, seen=seen, by=BY, now=timezone.now())
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
            raise CommandError(
                f"Say what you looked at: --seen HASH, as `contracts waiting {options['name']}` gives it."
            )
        elif not _matches(given, digest):
            raise CommandError(
                "That is not what waits now. Look once more with "
                f"`contracts waiting {options['name']}`, and give its hash."
            )


def _hash(rows: list[WaitingTool]) -> str:
    return contracts.list_hash((row.name, row.digest) for row in rows)


def _matches(given: str, digest: str) -> bool:
    """A beginning of the hash does; a tool that is no longer offered has none."""
    if not digest:
        return given == contract_told.GONE
    return len(given) >= SHORTEST and digest.startswith(given.lower())

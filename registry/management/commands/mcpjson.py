"""manage.py mcpjson import | export | diff | rollback."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from registry import agents, mcpjson, passphrase, registration, versions
from registry.agents import GLOBAL_AGENT
from registry.core import comparing, reading
from registry.errors import RegistryError
from registry.models import Role
from registry.registration import Preview


class Command(BaseCommand):
    help = "Bring configurations in, take them out, compare and roll back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="import | export | diff | rollback")
        bring = what.add_parser("import", help="save the services of a document")
        bring.add_argument("file", help="the document; - reads standard input")
        bring.add_argument("--dry-run", action="store_true", help="show what it would do, and do nothing")
        bring.add_argument(
            "--values", metavar="FILE", help="a JSON file of values that the document asks for"
        )
        bring.add_argument("--replace", action="store_true", help="remove the services it does not name")
        take = what.add_parser("export", help="print the mcp.json")
        take.add_argument("--agent", default=GLOBAL_AGENT, metavar="ID")
        take.add_argument(
            "--with-secrets", action="store_true", help="with the values, locked by a passphrase"
        )
        diff = what.add_parser("diff", help="compare the edited mcp.json with ours, or two versions")
        diff.add_argument("versions", nargs="*", type=int, metavar="N")
        back = what.add_parser("rollback", help="make version N the configuration again")
        back.add_argument("number", type=int, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        doing = {
            "import": self._import,
            "export": self._export,
            "diff": self._diff,
            "rollback": self._rollback,
        }
        try:
            doing[options["what"]](options)
        except RegistryError as exc:
            raise CommandError(str(exc)) from None
        except OSError as exc:
            raise CommandError(f"{exc.filename or 'file'}: {exc.strerror}.") from None

    def _import(self, options: dict[str, Any]) -> None:
        data = _read(options["file"])
        values = _values(options["values"])
        if (block := passphrase.locked_block(data)) is not None:
            values = {**passphrase.unlock(block, _ask("Passphrase: ")), **values}
        seen = registration.preview(data, values=values)
        if options["dry_run"]:
            self._show(seen, options["replace"])
            return
        if sys.stdin.isatty() and options["file"] != "-":
            values = values | {ask.name: _ask(f"{ask.name} ({ask.description}): ") for ask in seen.asks}
        self._save(data, values, seen, options)

    def _save(self, data: bytes, values: dict[str, str], seen: Preview, options: dict[str, Any]) -> None:
        now, by = timezone.now(), "command line"
        results = registration.register(data, by=by, role=Role.ADMIN, now=now, values=values)
        for result in results:
            self.stdout.write(f"{result.outcome:<10} {result.name}")
            if result.error is not None:
                self.stderr.write(f"  {result.error}")
        if options["replace"]:
            for name in seen.missing:
                registration.remove(name, by=by, now=now)
                self.stdout.write(f"{'removed':<10} {name}")
        mcpjson.accept_if_ours(options["file"], data)
        mcpjson.export_pending(author=by, now=now)
        if results and all(result.error for result in results):
            raise CommandError("No entry could be saved.")

    def _show(self, seen: Preview, replace: bool) -> None:
        width = max([4, *(len(row.name) for row in seen.rows)])
        self.stdout.write(f"{'OUTCOME':<10} {'NAME':<{width}} {'TRANSPORT':<16} ENDPOINT OR PROBLEM")
        for row in seen.rows:
            said = str(row.problem) if row.problem else row.endpoint
            self.stdout.write(f"{row.outcome:<10} {row.name:<{width}} {row.transport:<16} {said}")
        for name in seen.missing if replace else ():
            self.stdout.write(f"{'removed':<10} {name}")

    def _export(self, options: dict[str, Any]) -> None:
        services = agents.services_of(agents.get(options["agent"]))
        content = mcpjson.document(services)
        if options["with_secrets"]:
            phrase, by = _ask("Passphrase: "), "command line"
            content = versions.with_secrets(phrase, by=by, now=timezone.now(), services=services)
        self.stdout.write(mcpjson.text_of(content), ending="")

    def _diff(self, options: dict[str, Any]) -> None:
        numbers = options["versions"]
        if len(numbers) > 2:
            raise CommandError("Name one or two versions, or none for the file.")
        if numbers:
            self._lines(versions.get(numbers[0]).document, _version(numbers[1:]), "before", "after")
        elif drift := mcpjson.drift():
            self._lines(drift.ours, drift.text, "ours", "mcp.json")

    def _lines(self, before: str, after: str, old: str, new: str) -> None:
        for line in comparing.lines(before, after, old=old, new=new):
            self.stdout.write(line)

    def _rollback(self, options: dict[str, Any]) -> None:
        for result in versions.rollback(options["number"], by="command line", now=timezone.now()):
            self.stdout.write(f"{result.outcome:<10} {result.name}")
            if result.error is not None:
                self.stderr.write(f"  {result.error}")


def _read(name: str) -> bytes:
    """No more than one byte over the limit, whatever the size of the file."""
    if name == "-":
        return sys.stdin.buffer.read(reading.MAX_BYTES + 1)
    with Path(name).open("rb") as handle:
        return handle.read(reading.MAX_BYTES + 1)


def _version(numbers: list[int]) -> str:
    return versions.get(numbers[0]).document if numbers else mcpjson.text_of(mcpjson.document())


def _values(name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    tree = reading.read(_read(name))
    if not isinstance(tree, dict) or not all(isinstance(value, str) for value in tree.values()):
        raise CommandError(f'{name}: write {{"NAME": "value"}}.')
    return dict(tree)


def _ask(prompt: str) -> str:
    """Typed without echo; from a pipe, its first line."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\n")

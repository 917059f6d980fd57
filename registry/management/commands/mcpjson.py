"""manage.py mcpjson import | export | versions | diff | rollback | drift."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from registry.agents import operations as agent_operations
from registry.agents.operations import GLOBAL_AGENT
from registry.core.clients import recognition
from registry.core.diff import documents
from registry.core.documents import reading
from registry.core.documents.dialects import Document
from registry.core.documents.found import Choice
from registry.core.documents.places import show
from registry.imports import import_run
from registry.imports import preview as import_preview
from registry.imports.bundles import archive
from registry.imports.bundles import operations as bundle_operations
from registry.imports.preview import Preview, Row
from registry.management.terminal import BY, PARTLY, BaseCommand, plain, refusals
from registry.mcpjson import drift as mcpjson_drift
from registry.mcpjson import image, rollback, secret_bundle
from registry.models import Role
from registry.services import register
from registry.services.register import Result

TOO_MUCH = "This is larger than an import may be. Export the services of one agent after another: --agent ID."
WILL = {"added": "will be added", "changed": "will be changed", "asks": "asks a value"}


class Command(BaseCommand):
    help = "Import, export, compare and roll back the mcp.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
        bring = what.add_parser("import", help="import a document")
        bring.add_argument(
            "file", nargs="?", default="", help="the document; - is standard input; default: our own mcp.json"
        )
        bring.add_argument("--dry-run", action="store_true", help="only show the preview")
        bring.add_argument("--values", metavar="FILE", help="JSON file with values for placeholders")
        bring.add_argument("--rename", action="append", default=[], metavar="OLD=NEW", help="rename an entry")
        bring.add_argument(
            "--client", default="", help="client of the document, such as cline, if it is not recognised"
        )
        bring.add_argument(
            "--read",
            action="append",
            default=[],
            metavar="NAME=HOW",
            help="s or ms for an entry's time limit, "
            "streamable-http or sse for its transport, where nobody says",
        )
        bring.add_argument("--replace", action="store_true", help="also remove services that are not in it")
        take = what.add_parser("export", help="print the mcp.json")
        take.add_argument("--agent", default=GLOBAL_AGENT, metavar="ID")
        take.add_argument(
            "--with-secrets", action="store_true", help="with secrets, encrypted by a passphrase"
        )
        kept = what.add_parser("versions", help="list versions, newest first")
        kept.add_argument("--limit", type=int, default=20, metavar="N")
        diff = what.add_parser("diff", help="compare the edited mcp.json with ours, or two versions")
        diff.add_argument("versions", nargs="*", type=int, metavar="N")
        back = what.add_parser("rollback", help="roll back to version N")
        back.add_argument("number", type=int, metavar="N")
        drift = what.add_parser("drift", help="show whether mcp.json was edited by hand, and resolve it")
        drift.add_argument(
            "decision", nargs="?", choices=["take", "write"], help="take the file, or write ours"
        )
        drift.add_argument("--values", metavar="FILE", help="JSON file with values for placeholders")
        for using in (bring, take, drift):
            using.add_argument(
                "--passphrase-file", metavar="FILE", help="read the passphrase from this file's first line"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        doing = {
            "import": self._import,
            "export": self._export,
            "versions": self._versions,
            "diff": self._diff,
            "rollback": self._rollback,
            "drift": self._drift,
        }
        with refusals():
            doing[options["what"]](options)

    def _import(self, options: dict[str, Any]) -> None:
        source = _read(options["file"]) if options["file"] else None
        bundle = _bundle(source, options["file"])
        source = bundle_operations.text_of(bundle) if bundle else source
        values = {**_carried(source, options), **_values(options["values"])}
        renames = _renames(options["rename"])
        document = import_run.opened(source, options["client"], options["file"])[1]
        choices = _choices(options["read"], document)
        document = recognition.chosen(document, choices)
        seen = import_preview.preview(document, values=values, renames=renames)
        _refuse_strangers(renames, seen)
        if options["dry_run"]:
            self._show(seen, options["replace"])
            _judge([row.problem for row in seen.rows])
            return
        if sys.stdin.isatty() and options["file"] != "-":
            values = values | {ask.name: _ask(f"{ask.name} ({ask.description}): ") for ask in seen.asks}
        if bundle:
            bundle_operations.unpack(bundle)
        results = import_run.bring(
            source if not choices else document,
            client=options["client"],
            file=options["file"],
            by=BY,
            role=Role.ADMIN,
            now=timezone.now(),
            values=values,
            renames=renames,
            replace=options["replace"],
            progress=self._progress if len(seen.rows) > register.PART else None,
        )
        self._say(results)
        if not results:
            self.stdout.write("nothing: the document contains no service")
        image.export_pending(author=BY, now=timezone.now())
        _judge([result.error for result in results])

    def _progress(self, done: int, count: int) -> None:
        self.stderr.write(f"{done:,} of {count:,} entries", ending="\n" if done == count else "\r")
        self.stderr.flush()

    def _say(self, results: list[Result]) -> None:
        for result in results:
            self.stdout.write(f"{result.outcome:<10} {result.name}")
            if result.error is not None:
                self.stderr.write(f"  {result.error}")

    def _show(self, seen: Preview, replace: bool) -> None:
        """The table, and below it what is asked for, and how many there are of each."""
        width = max([4, *(len(row.name) for row in seen.rows), *(len(name) for name in seen.missing)])

        def tell(outcome: str, name: str, transport: str, said: str) -> None:
            self.stdout.write(f"{outcome:<15} {name:<{width}} {transport:<15} {said}".rstrip())

        tell("OUTCOME", "NAME", "TRANSPORT", "ENDPOINT OR PROBLEM")
        for row in seen.rows:
            said = str(row.problem) if row.problem else row.endpoint
            tell(_will(row), row.name, row.transport, said)
            for head, text in row.understood.lines if row.understood else ():
                self.stdout.write(f"{'':<15} {head.lower()}: {plain(text)}")
            for note in row.notes if row.item is not None else ():  # a name's note says what its outcome says
                tell("", "", "", note)
            for line in row.lines:
                if line.kind in ("out", "in"):
                    self.stdout.write(f"{'':<15} {'-' if line.kind == 'out' else '+'} {line.text}")
        if any(row.item is not None for row in seen.rows):
            self.stdout.write(f"read as {seen.read_as}")
        for name in seen.missing:
            tell(*(("will be removed", name, "", "") if replace else ("kept", name, "", "is not in it")))
        for ask in seen.asks:
            self.stdout.write(f"asks for {ask.name}{f': {ask.description}' if ask.description else ''}")
        for ask in seen.optional:
            default = f", else {ask.default}" if ask.default else ""
            self.stdout.write(
                f"may be given {ask.name}{f': {ask.description}' if ask.description else ''}{default}"
            )
        counts = Counter(_will(row) for row in seen.rows)
        self.stdout.write(", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()) or "nothing")

    def _export(self, options: dict[str, Any]) -> None:
        agent = agent_operations.get(options["agent"])
        if options["with_secrets"]:
            phrase = _passphrase(options, twice=True)
            content = secret_bundle.export(phrase, agent=agent.name, by=BY, now=timezone.now())
        else:
            content = agent_operations.document(agent)
        text = image.portable(content)
        self.stdout.write(text, ending="")
        if not reading.fits(text):
            self.stderr.write(TOO_MUCH)

    def _diff(self, options: dict[str, Any]) -> None:
        numbers = options["versions"]
        if len(numbers) > 2:
            raise CommandError("Name one or two versions, or none for the file.")
        if numbers:
            self._lines(rollback.get(numbers[0]).document, _version(numbers[1:]), "before", "after")
        elif drift := image.drift():
            self._lines(drift.ours, mcpjson_drift.readable(drift.text.encode()), "ours", "mcp.json")

    def _lines(self, before: str, after: str, old: str, new: str) -> None:
        for line in documents.lines(before, after, old=old, new=new):
            self.stdout.write(line)

    def _versions(self, options: dict[str, Any]) -> None:
        newest = rollback.newest_first()[: max(options["limit"], 0)]
        self.stdout.write(f"{'VERSION':>7}  {'WHEN':<20} {'BY':<20} WHAT CHANGED")
        for version in newest:
            when = f"{version.created_at:%Y-%m-%d %H:%M:%SZ}"
            self.stdout.write(f"{version.number:>7}  {when:<20} {version.author:<20} {version.summary}")

    def _rollback(self, options: dict[str, Any]) -> None:
        results = rollback.rollback(options["number"], by=BY, now=timezone.now())
        self._say(results)
        _judge([result.error for result in results])

    def _drift(self, options: dict[str, Any]) -> None:
        """Without a decision: exit code 1 where there is one to take."""
        now = timezone.now()
        found = mcpjson_drift.current(Role.ADMIN)
        if found is None:
            self.stdout.write("mcp.json is as the console wrote it.")
        elif options["decision"] == "write":
            mcpjson_drift.write_ours(found.sha, by=BY, now=now)
        elif found.problem is not None:
            raise found.problem
        elif options["decision"] == "take":
            values = _values(options["values"])
            ask = found.locked and (found.asks or options["passphrase_file"])
            phrase = _passphrase(options) if ask else ""
            results = mcpjson_drift.take(
                found.sha, by=BY, role=Role.ADMIN, now=now, values=values, phrase=phrase
            )
            self._say(results)
            _judge([result.error for result in results])
        else:
            raise CommandError(
                "mcp.json was edited by hand. `mcpjson diff` shows it, `drift take` or `drift write` decides."
            )


def _will(row: Row) -> str:
    """What saving would do; a name alone starts the service of that name."""
    started = row.outcome == "changed" and row.item is None
    return "will be started" if started else WILL.get(row.outcome, row.outcome)


def _judge(problems: Sequence[object]) -> None:
    """Exit code 1 where nothing can be saved, 3 where only some can; None is an entry without a problem."""
    bad = sum(problem is not None for problem in problems)
    if bad and bad == len(problems):
        raise CommandError("No entry can be saved.")
    if bad:
        raise CommandError(f"{bad} of {len(problems)} entries cannot be saved.", returncode=PARTLY)


def _read(name: str) -> bytes:
    """No more than one byte over the limit, whatever the size of the file."""
    if name == "-":
        return sys.stdin.buffer.read(reading.MOST_BYTES + 1)
    with Path(name).open("rb") as handle:
        return handle.read(reading.MOST_BYTES + 1)


def _bundle(source: bytes | None, name: str) -> str:
    """What a whole MCP bundle is known by, once it is kept; empty for any other document."""
    if source is None or not source.startswith(archive.MAGIC):
        return ""
    return bundle_operations.keep(source if name == "-" else Path(name).read_bytes())


def _carried(source: bytes | None, options: dict[str, Any]) -> dict[str, str]:
    """The values that stand locked in the document, or in the mcp.json, opened by the passphrase."""
    data, limit = (image.own(), image.LARGEST) if source is None else (source, reading.MAX_BYTES)
    if not secret_bundle.is_locked(data, limit):
        return {}
    return secret_bundle.values(data, _passphrase(options), limit)


def _version(numbers: list[int]) -> str:
    return rollback.get(numbers[0]).document if numbers else image.text_of(image.document())


def _renames(given: list[str]) -> dict[str, str]:
    pairs = [text.rpartition("=") for text in given]
    if not all(old for old, _equals, _new in pairs):
        raise CommandError("--rename: write OLD=NEW.")
    return {old: new for old, _equals, new in pairs}


def _choices(given: list[str], document: Document) -> dict[str, Choice]:
    """NAME=s and NAME=sse, as many as there are."""
    said: dict[str, dict[str, object]] = {}
    names = {str(item.name) for item in document.found}
    for text in given:
        name, _equals, how = text.rpartition("=")
        if name not in names:
            raise CommandError(f"--read: the document has no entry {plain(name[:80])!r}. Write NAME=HOW.")
        said.setdefault(name, {})["unit" if how in ("s", "ms") else "transport"] = how
    return {name: recognition.choice(one, "--read") for name, one in said.items()}


def _refuse_strangers(renames: dict[str, str], seen: Preview) -> None:
    """A typing error in --rename would go unnoticed, and its entry be saved under the old name."""
    items = [row.item for row in seen.rows if row.item is not None]
    known = {str(item.name if item.given is None else item.given) for item in items}
    known |= {show(item.place) for item in items}
    if strangers := sorted(renames.keys() - known):
        raise CommandError(f"--rename: the document has no entry {plain(strangers[0][:80])!r}.")


def _values(name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    tree = reading.read(_read(name))
    if not isinstance(tree, dict) or not all(isinstance(value, str) for value in tree.values()):
        raise CommandError(f'{name}: write {{"NAME": "value"}}.')
    return dict(tree)


def _passphrase(options: dict[str, Any], *, twice: bool = False) -> str:
    """From the file, or typed; a new one is typed twice. Never an argument, which `ps` would show."""
    if options["passphrase_file"]:
        with Path(options["passphrase_file"]).open(encoding="utf-8") as handle:
            return handle.readline().rstrip("\r\n")
    if options.get("file") == "-":
        raise CommandError("The document came by standard input: give --passphrase-file.")
    typed = _ask("Passphrase: ")
    if twice and sys.stdin.isatty() and _ask("Repeat passphrase: ") != typed:
        raise CommandError("The passphrases do not match; nothing was exported.")
    return typed


def _ask(prompt: str) -> str:
    """Typed without echo; from a pipe, its first line."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\n")

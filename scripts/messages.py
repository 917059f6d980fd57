"""Gathers every text that people read, and compiles what it is in the other languages.

`make messages` brings each `django.po` up to date with the code and the templates and writes the `django.mo`
beside it; `--check` only says what is missing. Babel reads and writes the files, so that nobody needs the
programs of GNU gettext. The files have no line numbers and no dates: a change of the code that changes no
text leaves them alone, and two branches merge.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from scripts import sentences

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mcpstore_site", "registry", "lifecycle")
LOCALE = ROOT / "mcpstore_site" / "locale"
LANGUAGES = ("zh_Hans",)
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    **dict.fromkeys(("gettext_lazy", "gettext_noop", "lazy", "_now", "_lazy", "noop"), None),
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

Found = tuple[str | tuple[str, ...], str | None]


def sources() -> Iterator[Path]:
    """The code and the templates that a person may read something of."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))
    yield from sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt"))


def extracted() -> Catalog:
    """All texts, untranslated."""
    catalog = _empty(None)
    for path in sources():
        for text, context in found_in(path):
            catalog.add(text, context=context)
    asked_for = {text for context, text in _keys(catalog) if context is None}
    for sentence in set(sentences.found()) - asked_for:
        catalog.add(sentence)
    return catalog


def found_in(path: Path) -> Iterator[Found]:
    """The texts of one file, with their contexts."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        lines = templatize(source, origin=str(path)).splitlines()
        source = "\n".join(line.strip() for line in lines)  # to Python, an indent would mean something
    for _, text, _, context in extract("python", BytesIO(source.encode()), keywords=KEYWORDS):
        yield text, context


def _empty(language: str | None) -> Catalog:
    catalog = Catalog(
        locale=language,
        project="MCPStore Console",
        version="1",
        header_comment="# The texts of the console, sorted; `make messages` writes this file.",
        creation_date=EPOCH,
        revision_date=EPOCH,
        last_translator="MCPStore Console",
        language_team="MCPStore Console",
        charset="utf-8",
        fuzzy=False,
    )
    catalog.msgid_bugs_address = ""
    return catalog


def place(language: str) -> Path:
    """The catalogue of a language."""
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def known(language: str) -> Catalog:
    """What is translated so far."""
    path = place(language)
    return read(path, language) if path.exists() else _empty(language)


def read(path: Path, language: str) -> Catalog:
    """A file of translations."""
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renewed(language: str, texts: Catalog, pieces: Sequence[Path] = ()) -> Catalog:
    """The catalogue with all *texts* and no others, translated as before, or as one of the *pieces* says."""
    before = [read(path, language) for path in pieces] + [known(language)]
    catalog = _empty(language)
    for message in texts:
        if message.id:
            said = next((text for old in before if (text := _translated(old, message))), "")
            catalog.add(message.id, said, context=message.context, flags=message.flags)
    return catalog


def _translated(catalog: Catalog, message: Message) -> str | tuple[str, ...]:
    """What *catalog* says for it; empty for nothing, or for a guess."""
    known_as = message.id if isinstance(message.id, str) else message.id[0]
    old = catalog.get(known_as, message.context)
    if old is None or old.fuzzy:
        return ""
    texts = [old.string] if isinstance(old.string, str) else list(old.string or ())
    if not texts or not all(texts):
        return ""
    return texts[0] if isinstance(message.id, str) else tuple(texts)


def as_po(catalog: Catalog) -> bytes:
    """The file for translators."""
    file = BytesIO()
    write_po(file, catalog, width=0, no_location=True, sort_output=True, ignore_obsolete=True)
    return file.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """The file that is read at run time."""
    file, done = BytesIO(), _empty(str(catalog.locale))
    for message in catalog:
        if message.id and (text := _translated(catalog, message)):  # Babel would write plurals without any
            done.add(message.id, text, context=message.context)
    write_mo(file, done)
    return file.getvalue()


def problems(language: str, texts: Catalog) -> list[str]:
    """What is wrong with a catalogue: texts missing, left over, not translated, or wrongly filled in."""
    catalog = known(language)
    ours, theirs = _keys(texts), _keys(catalog)
    found = [f"not in the catalogue: {text}" for text in sorted(map(str, ours - theirs))]
    found += [f"no longer in the code: {text}" for text in sorted(map(str, theirs - ours))]
    for message in catalog:
        if message.id and (message.fuzzy or not _translated(catalog, message)):
            found.append(f"not translated: {message.id}")
        elif message.id and (wrong := _misfilled(message)):
            found.append(f"other values than the English: {wrong} in {message.id}")
    return found


def _keys(catalog: Catalog) -> set[tuple[str | None, str]]:
    ids = ((message.context, message.id) for message in catalog if message.id)
    return {(context, text if isinstance(text, str) else text[0]) for context, text in ids}


OPTIONAL = re.compile(r"[2-9]\)s$")
FILLED = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def _misfilled(message: Message) -> set[str]:
    """Placeholders that only one side has; the `s` of a plural (`%(len2)s`) is nothing in other languages."""
    english = [message.id] if isinstance(message.id, str) else list(message.id)
    other = [message.string] if isinstance(message.string, str) else list(message.string or ())
    wanted, given = (set(FILLED.findall(" ".join(texts))) for texts in (english, other))
    return (given - wanted) | {name for name in wanted - given if not OPTIONAL.search(name)}


def compiled(language: str) -> bool:
    """Whether the compiled file is that of the catalogue."""
    path = place(language).with_suffix(".mo")
    return path.exists() and path.read_bytes() == as_mo(known(language))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = ArgumentParser(description=__doc__, prog="python -m scripts.messages")
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    parser.add_argument(
        "--take", nargs="*", type=Path, default=[], help="files with translations to take over"
    )
    given = parser.parse_args(arguments)
    texts, failed = extracted(), False
    for language in LANGUAGES:
        if not given.check:
            catalog = renewed(language, texts, given.take)
            place(language).parent.mkdir(parents=True, exist_ok=True)
            place(language).write_bytes(as_po(catalog))
            place(language).with_suffix(".mo").write_bytes(as_mo(known(language)))
        wrong = problems(language, texts) + ([] if compiled(language) else ["the .mo is not that of the .po"])
        out = StringIO()
        out.writelines(f"{language}: {line}\n" for line in wrong)
        sys.stdout.write(out.getvalue())
        failed = failed or bool(wrong)
    return 1 if failed and given.check else 0


if __name__ == "__main__":
    sys.exit(main())

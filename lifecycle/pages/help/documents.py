"""The Markdown that came with the console as HTML, a section at a time; its links stay inside.

A translation is another file with the sections that it has, each heading with the anchor of the English one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as lazy
from markdown_it import MarkdownIt
from markdown_it.token import Token

FILES: Final[dict[str, tuple[str, str | Promise]]] = {
    "console": ("README.md", lazy("The console: installation, settings, commands, REST")),
    "operating": ("docs/operating.md", lazy("Operating the console")),
    "services": ("docs/lifecycle.md", lazy("Service lifecycle")),
    "clients": ("docs/clients.md", lazy("Connect a client")),
    "scaling": ("docs/scaling.md", lazy("Multiple workers and web processes")),
    "python": ("docs/python.md", lazy("Python")),
    "glossary": ("docs/glossary.md", lazy("Glossary")),
    "promises": ("docs/promises.md", lazy("Promises")),
    "security": ("SECURITY.md", lazy("Security")),
    "changes": ("CHANGELOG.md", lazy("Changes")),
}
CUT_AT = {"changes": ("h2", "h3")}
"""The headings that begin a section, where it is not those of the second level alone."""
ENGLISH: Final = "en"
TRANSLATED: Final[dict[str, tuple[str, ...]]] = {
    "zh-hans": ("console", "operating", "services", "clients", "scaling", "python", "glossary")
}
"""By language, the documents of which it has some sections, in `docs/LANGUAGE`."""


def _path(name: str, language: str) -> str:
    path = FILES[name][0]
    return path if language == ENGLISH else f"docs/{language}/{Path(path).name}"


NAME_OF = {path: name for name, (path, _title) in FILES.items()} | {
    _path(name, language): name for language, names in TRANSLATED.items() for name in names
}
ANCHORED = re.compile(r"^(#+ .+?) <!-- ([\w-]+) -->$", re.MULTILINE)
COMMENT = re.compile(r"^<!-- .* -->\n", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Section:
    """What stands below one heading of the second level, or before the first; then `anchor` is empty."""

    anchor: str
    title: str
    language: str
    tokens: list[Token]


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file; `places` says in which section each heading is, `language` is that of its title."""

    name: str
    title: str
    language: str
    sections: Mapping[str, Section]
    places: Mapping[str, str]


@lru_cache(maxsize=len(NAME_OF) * 2)
def document(name: str, language: str = ENGLISH) -> Document:
    """In English where it, or a section of it, is not there otherwise; KeyError where there is none."""
    known = _read(name, ENGLISH)
    if name not in TRANSLATED.get(language, ()):
        return known
    said = _read(name, language)
    sections = {anchor: one for anchor, one in said.sections.items() if one.tokens}
    return replace(known, title=said.title, language=language, sections={**known.sections, **sections})


@lru_cache(maxsize=len(NAME_OF))
def _read(name: str, language: str) -> Document:
    text = (Path(settings.DOCS_DIR) / _path(name, language)).read_text(encoding="utf-8")
    tokens = _parser().parse(COMMENT.sub("", ANCHORED.sub(r"\1", text)))
    _anchor(tokens, {heading.lstrip("# "): anchor for heading, anchor in ANCHORED.findall(text)})
    title, tokens = (tokens[1].content, tokens[3:]) if tokens[0].tag == "h1" else (name, tokens)
    sections = {one.anchor: one for one in _sections(tokens, title, language, CUT_AT.get(name, ("h2",)))}
    places = {
        str(token.attrs["id"]): one.anchor
        for one in sections.values()
        for token in one.tokens
        if token.type == "heading_open"
    }
    return Document(name=name, title=title, language=language, sections=sections, places=places)


@lru_cache(maxsize=256)
def html(name: str, anchor: str, language: str = ENGLISH) -> SafeString:
    """One section of a document."""
    section = document(name, language).sections[anchor]
    for token in section.tokens:
        for one in (token, *(token.children or ())):
            _settle(one, name, section.language)
    made: str = _parser().renderer.render(section.tokens, _parser().options, {})
    return SafeString(made)  # our own files, and HTML in them is escaped


def address(name: str, anchor: str = "") -> str:
    """Where a heading is shown; the document itself where it has no such heading."""
    section = document(name).places.get(anchor, "")
    if not section:
        return reverse("help_page", args=[name])
    return reverse("help_section", args=[name, section]) + (f"#{anchor}" if anchor != section else "")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _sections(tokens: list[Token], title: str, language: str, cut_at: tuple[str, ...]) -> Iterator[Section]:
    starts = [at for at, one in enumerate(tokens) if one.type == "heading_open" and one.tag in cut_at]
    before = tokens[: starts[0]] if starts else tokens
    yield Section(anchor="", title=title, language=language, tokens=before)
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        anchor, text = str(tokens[start].attrs["id"]), _plain(tokens[start + 1].content)
        yield Section(anchor=anchor, title=text, language=language, tokens=tokens[start:end])


def _anchor(tokens: list[Token], given: Mapping[str, str]) -> None:
    """Each heading gets the id that is given, or one made as web pages of Git repositories make it."""
    taken: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            text = tokens[at + 1].content
            base = given.get(text) or slugify(_plain(text), allow_unicode=True) or "section"
            taken[base] = taken.get(base, -1) + 1
            token.attrSet("id", f"{base}-{taken[base]}" if taken[base] else base)


def _plain(text: str) -> str:
    return re.sub(r"[`*]", "", text)


def _settle(token: Token, name: str, language: str) -> None:
    """Links to what is here lead there; what is not here is no link, and no image."""
    if token.type == "image":
        token.type, token.tag, token.children = "text", "", []
    given = str(token.attrs.get("href", "")) if token.type == "link_open" else ""
    if not given or given.startswith(("http:", "https:", "mailto:", "/")):
        return
    place, _mark, anchor = given.partition("#")
    there = NAME_OF.get(_joined(_path(name, language), place)) if place else name
    token.attrs = {"href": address(there, anchor)} if there else {}


def _joined(path: str, place: str) -> str:
    """Where a relative link in *path* leads."""
    parts = list(Path(path).parent.parts)
    for part in Path(place).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)

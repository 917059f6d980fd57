"""The Markdown that came with the console as HTML, a section at a time; its links stay inside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
NAME_OF = {path: name for name, (path, _title) in FILES.items()}


@dataclass(frozen=True, kw_only=True)
class Section:
    """What stands below one heading of the second level, or before the first; then `anchor` is empty."""

    anchor: str
    title: str
    tokens: list[Token]


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file; `places` says in which section each heading is."""

    name: str
    title: str
    sections: Mapping[str, Section]
    places: Mapping[str, str]


@lru_cache(maxsize=len(FILES))
def document(name: str) -> Document:
    """KeyError where there is none of this name."""
    path = Path(settings.DOCS_DIR) / FILES[name][0]
    tokens = _parser().parse(path.read_text(encoding="utf-8"))
    _anchor(tokens)
    title, tokens = (tokens[1].content, tokens[3:]) if tokens[0].tag == "h1" else (name, tokens)
    sections = {one.anchor: one for one in _sections(tokens, title, CUT_AT.get(name, ("h2",)))}
    places = {
        str(token.attrs["id"]): one.anchor
        for one in sections.values()
        for token in one.tokens
        if token.type == "heading_open"
    }
    return Document(name=name, title=title, sections=sections, places=places)


@lru_cache(maxsize=256)
def html(name: str, anchor: str) -> SafeString:
    """One section of a document."""
    tokens = document(name).sections[anchor].tokens
    for token in tokens:
        for one in (token, *(token.children or ())):
            _settle(one, name)
    made: str = _parser().renderer.render(tokens, _parser().options, {})
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


def _sections(tokens: list[Token], title: str, cut_at: tuple[str, ...]) -> Iterator[Section]:
    starts = [at for at, one in enumerate(tokens) if one.type == "heading_open" and one.tag in cut_at]
    yield Section(anchor="", title=title, tokens=tokens[: starts[0]] if starts else tokens)
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        anchor, text = str(tokens[start].attrs["id"]), _plain(tokens[start + 1].content)
        yield Section(anchor=anchor, title=text, tokens=tokens[start:end])


def _anchor(tokens: list[Token]) -> None:
    """Each heading gets an id, made as web pages of Git repositories make it."""
    taken: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            base = slugify(_plain(tokens[at + 1].content), allow_unicode=True) or "section"
            taken[base] = taken.get(base, -1) + 1
            token.attrSet("id", f"{base}-{taken[base]}" if taken[base] else base)


def _plain(text: str) -> str:
    return re.sub(r"[`*]", "", text)


def _settle(token: Token, name: str) -> None:
    """Links to what is here lead there; what is not here is no link, and no image."""
    if token.type == "image":
        token.type, token.tag, token.children = "text", "", []
    given = str(token.attrs.get("href", "")) if token.type == "link_open" else ""
    if not given or given.startswith(("http:", "https:", "mailto:", "/")):
        return
    place, _mark, anchor = given.partition("#")
    there = NAME_OF.get(_joined(FILES[name][0], place)) if place else name
    token.attrs = {"href": address(there, anchor)} if there else {}


def _joined(path: str, place: str) -> str:
    """Where a relative link in *path* leads."""
    parts = list(Path(path).parent.parts)
    for part in Path(place).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)

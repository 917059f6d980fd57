"""The documentation in the console: every page leads to a part of it that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from lifecycle.pages.help.documents import FILES, TRANSLATED, Section, address, document, html
from lifecycle.pages.help.places import PLACES
from tests.mcpstore_site.test_pages_every_address import values
from tests.support.chinese import gaps, latin_marks
from tests.support.pages import make_service, make_worker, text_of

pytestmark = pytest.mark.django_db
LINK = re.compile(r'class="help-link" href="([^"]+)"')


def routes(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace is None:
            yield from routes(pattern)
        elif isinstance(pattern, URLPattern) and pattern.name not in (None, "logout", "readyz"):
            yield pattern


def is_there(address: str) -> bool:
    if address == reverse("help_list"):
        return True
    found = re.fullmatch(r"/help/(\w+)/(?:([\w-]+)/(?:#([\w-]+))?)?", address)
    if not found or found[1] not in FILES:
        return False
    known = document(found[1])
    return found[2] is None or (
        found[2] in known.sections and (found[3] is None or known.places.get(found[3]) == found[2])
    )


def test_every_page_has_a_help_link_whose_target_exists(admin: Client) -> None:
    make_service()
    make_worker()
    led: dict[str, str] = {}
    for pattern in routes(get_resolver()):
        answer = admin.get(reverse(str(pattern.name), kwargs=values(pattern.pattern.converters)))
        if answer.status_code == 200 and not answer.streaming and b'<header class="side">' in answer.content:
            (link,) = LINK.findall(text_of(answer)) or ["none"]
            led[str(pattern.name)] = link
    assert {name: link for name, link in led.items() if not is_there(link)} == {}
    assert len(led) > 40
    beside = {name for name, link in led.items() if link == reverse("help_list")}
    assert beside <= {"help_list", "help_page", "help_section"}


@pytest.mark.parametrize("place", sorted(set(PLACES.values())))
def test_every_place_exists(place: str) -> None:
    name, _mark, anchor = place.partition("#")
    assert not anchor or anchor in document(name).places
    assert is_there(address(name, anchor))


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
@pytest.mark.parametrize("name", FILES)
def test_a_document_reads_well_and_its_links_lead_somewhere(admin: Client, name: str, language: str) -> None:
    admin.cookies["language"] = language
    for section in document(name).sections:
        text = text_of(admin.get(f"/help/{name}/{section}/" if section else f"/help/{name}/"))
        has_text = bool(html(name, section, language))
        assert ("<article" in text) == has_text, "no empty box where a document begins with a section"
        article = text[text.index("<article") : text.index("</article>")] if has_text else ""
        assert "<img" not in article and "<script" not in article and 'style="' not in article
        links = re.findall(r'href="([^"]*)"', article)
        assert [link for link in links if not link.startswith("http") and not is_there(link)] == []
        assert [one for one in document(name).places if document(name).places[one] == section] == re.findall(
            r'<h\d id="([^"]*)"', article
        )
    assert text.count("<h1") == 1


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_no_section_is_heavy(admin: Client, language: str) -> None:
    """With styles and scripts a first visit stays below 45 kB."""
    admin.cookies["language"] = language
    headers = {"Accept-Encoding": "br"}
    for name in FILES:
        for section in document(name).sections:
            page = admin.get(f"/help/{name}/{section}/" if section else f"/help/{name}/", headers=headers)
            assert len(page.content) < 9_000, f"{name}/{section}: {len(page.content):,} B"


def test_html_in_a_document_is_shown_and_not_run() -> None:
    from lifecycle.pages.help.documents import _parser

    assert "<script" not in _parser().render("<script>alert(1)</script>")
    assert 'href="javascript' not in _parser().render("[x](javascript:alert(1))")


def test_all_are_listed_with_the_version_and_no_other_is_there(viewer: Client) -> None:
    text = text_of(viewer.get("/help/"))
    assert all(f"/help/{name}/" in text for name in FILES) and re.search(r"this version, \d+\.\d+", text)
    assert viewer.get("/help/architecture/").status_code == 404
    assert Client().get("/help/operating/").status_code == 302


TEXTS = [(language, name) for language, names in TRANSLATED.items() for name in names]
FIGURE, MONTH = re.compile(r"\d+(?:[.,]\d+)*"), re.compile(r"\d+ 月")
IN_CHINESE = ("overview", "service", "tool", "agent", "alert", "rule", "silence", "channel", "audit", "token")


def parts(name: str, section: Section) -> list[tuple[str, str]]:
    """What a translation does not change: headings, blocks, names of the code, and where links lead."""
    html(name, section.anchor, section.language)  # its links lead where they are shown
    found = [
        (one.type, one.content if one.type == "fence" else str(one.attrs.get("id", "")))
        for one in section.tokens
        if one.type != "inline"
    ]
    for token in section.tokens:
        for one in token.children or ():
            if one.type == "code_inline":
                found.append((one.type, one.content))
            elif one.type == "link_open":
                found.append((one.type, str(one.attrs.get("href", ""))))
    return sorted(found)


@pytest.mark.parametrize(("language", "name"), TEXTS)
def test_a_translation_has_what_the_english_section_has(language: str, name: str) -> None:
    sections = document(name, language).sections
    said = {anchor: one for anchor, one in sections.items() if one.language == language}
    assert said and list(sections) == list(document(name).sections)
    for anchor, one in said.items():
        assert parts(name, one) == parts(name, document(name).sections[anchor]), anchor


def texts(section: Section) -> Iterator[str]:
    """Its paragraphs, headings and cells as they are read; code is one letter."""
    for token in section.tokens:
        said = (
            "\n" if one.type == "softbreak" else "x" if one.type == "code_inline" else one.content
            for one in token.children or ()
        )
        yield "".join(said)


def figures(section: Section) -> list[str]:
    """Its numbers; a month is a word in English."""
    return sorted(FIGURE.findall(MONTH.sub("", "\n".join(texts(section)))))


@pytest.mark.parametrize(("language", "name"), TEXTS)
def test_a_translation_has_the_figures_of_the_english_section(language: str, name: str) -> None:
    english, other = document(name).sections, document(name, language).sections
    differ = [anchor for anchor in english if figures(other[anchor]) != figures(english[anchor])]
    assert not differ, f"bring docs/{language} up to date: {differ}"


@pytest.mark.parametrize("name", TRANSLATED["zh-hans"])
def test_chinese_is_set_as_chinese(name: str) -> None:
    """A star that is left was meant as emphasis: none ends between a mark and a word."""
    for section in document(name, "zh-hans").sections.values():
        for text in texts(section) if section.language == "zh-hans" else ():
            assert not latin_marks(text) and not gaps(text) and "*" not in text, text


@pytest.mark.parametrize("page", IN_CHINESE)
def test_help_about_the_pages_of_every_day_is_chinese(viewer: Client, page: str) -> None:
    viewer.cookies["language"] = "zh-hans"
    name, _mark, anchor = PLACES[page].partition("#")
    text = text_of(viewer.get(address(name, anchor)))
    assert '<article class="card help-text" lang="zh-hans">' in text


def test_what_is_english_among_chinese_is_called_so(viewer: Client) -> None:
    viewer.cookies["language"] = "zh-hans"
    listed = text_of(viewer.get("/help/"))
    assert listed.count("<small>部分为英文</small>") == 1 and listed.count("<small>英文</small>") == 3
    contents = text_of(viewer.get("/help/console/speed/"))
    assert '<article class="card help-text" lang="en">' in contents
    assert re.search(
        r'<a lang="en" href="/help/console/speed/" [^>]*>Speed</a> <small>英文</small>', contents
    )
    assert re.search(r'<a lang="zh-hans" href="/help/console/what-it-does/">功能</a></li>', contents)
    viewer.cookies["language"] = "en"
    assert "<small>" not in text_of(viewer.get("/help/"))

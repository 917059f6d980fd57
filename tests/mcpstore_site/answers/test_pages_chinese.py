"""Every page in Chinese is set as Chinese."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.utils.html import strip_tags

from tests.mcpstore_site.routes import pages
from tests.support.all_pages import INSTEAD, LEFT_OUT, NAME, planted
from tests.support.chinese import latin_marks
from tests.support.planting import PK

APART = re.compile(r"<(?!/?(?:a|b|span|time|code|small|em|strong|i|q|kbd|abbr)\b)[^>]*>")
"""Where a line, or a cell, begins or ends: what follows there stands after nothing."""
NOT_READ = re.compile(r"<(script|style|template|pre|textarea|code)\b.*?</\1>", re.DOTALL)


def read(page: str) -> str:
    return unescape(strip_tags(APART.sub("\n", NOT_READ.sub("x", page))))


@pytest.mark.django_db
def test_no_page_sets_a_latin_mark_after_chinese_words(admin: Client) -> None:
    planted()
    found: dict[str, list[str]] = {}
    asked = 0
    for route in pages():
        if route.name in LEFT_OUT:
            continue
        address = INSTEAD.get(route.name) or route.address(NAME, PK)
        answer = admin.get(address, headers={"Accept-Language": "zh"})
        if answer.streaming or "html" not in answer.get("Content-Type", ""):
            continue
        asked += 1
        if wrong := latin_marks(read(answer.content.decode())):
            found[route.name] = wrong
    assert asked > 70 and not found, "\n".join(f"{name}: {places}" for name, places in found.items())

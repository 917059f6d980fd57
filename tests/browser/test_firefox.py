"""Each page opens in Firefox, and none of them reports an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import firefox
from tests.support.all_pages import AllPages, build
from tests.support.web import Web

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
WITHOUT_SCRIPT = re.compile(r"/(badge|status)/|/status-pages/\d+/preview/")
"""Pages for the public, which need no script of the console."""


@pytest.fixture
def all_pages(web: Web, cookie: str) -> AllPages:
    return build(web, cookie)


def test_no_page_reports_an_error_in_firefox(all_pages: AllPages, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    found = dict[str, list[str]]()
    with firefox.launched(profile) as browser:
        name, _, value = all_pages.cookie.partition("=")
        browser.cookie(name, value, "127.0.0.1")
        for path in all_pages.paths:
            browser.open(all_pages.address + path)
            htmx = browser.evaluate("typeof htmx")
            wanted = "undefined" if WITHOUT_SCRIPT.match(path) else "object"
            if browser.reported or htmx != wanted:
                found[path], browser.reported = [*browser.reported, f"htmx is {htmx}"], []
    assert found == {}

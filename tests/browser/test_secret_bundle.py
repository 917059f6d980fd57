"""Secrets leave in a file by a passphrase and come back, and a person changes their own password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, eventually

pytestmark = pytest.mark.browser
PHRASE = "correct horse battery"


def header(console: Console, name: str) -> str:
    reading = f"vault.reveal(register.get({name!r})).headers"
    code = f"from registry.secrets import vault\nfrom registry.services import register\nprint({reading})"
    return console.python(code).strip()


def carried(key: str) -> dict[str, object]:
    return {"url": "http://127.0.0.1:9/mcp", "headers": {"X-Key": key}, "disabled": True}


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)


def test_values_leave_by_a_passphrase_and_come_back_with_it(
    console: Console, browser_page: BrowserPage, tmp_path: Path
) -> None:
    console.register(carried=carried("canary-1"))
    browser_page.expect_errors("status of 422")
    page = browser_page.sign_in(console, "/versions/")
    page.get_by_role("link", name="Export with secrets").click()
    fill(page, passphrase=PHRASE, again="correct house battery")
    page.get_by_role("button", name="Download").click()
    expect(page.locator("main")).to_contain_text("The passwords do not match")
    assert PHRASE not in page.content()

    fill(page, passphrase=PHRASE, again=PHRASE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "mcp-with-secrets.json"
    file = tmp_path / "taken.json"
    download.value.save_as(file)
    assert '"carried"' in file.read_text() and "canary" not in file.read_text()
    expect(page.locator("[name=passphrase]")).to_have_value("")
    expect(page.locator("[name=again]")).to_have_value("")

    console.register(carried=carried("canary-2"))
    page.goto(f"{console.address}/import/")
    page.set_input_files("#id_file", file)
    phrase = page.get_by_label("Export passphrase")
    phrase.fill("another one altogether")
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#preview [role=alert]")).to_contain_text("Wrong passphrase. Nothing was changed.")
    assert "canary-2" in header(console, "carried")
    phrase.fill(PHRASE)
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#preview")).to_contain_text("The values are decrypted")
    expect(page.locator(".g-changed .count")).to_have_text("1")
    assert PHRASE not in page.content() and "canary" not in page.content()
    page.get_by_role("button", name="Save selected").click()
    expect(page.locator(".saved")).to_contain_text("1 changed")
    assert "canary-1" in header(console, "carried")


def test_a_file_larger_than_a_document_is_taken_for_its_locked_values(
    console: Console, browser_page: BrowserPage, tmp_path: Path
) -> None:
    console.register(**{f"heavy-{n}": carried(f"canary-{n}" * 1500) for n in range(60)})
    file = tmp_path / "taken.json"
    (tmp_path / "phrase").write_text(PHRASE)
    words = ("mcpjson", "export", "--with-secrets", "--passphrase-file", str(tmp_path / "phrase"))
    file.write_text(console.manage(*words).stdout)
    assert file.stat().st_size > 1024 * 1024
    console.register(**{f"heavy-{n}": carried("other") for n in range(60)})
    page = browser_page.sign_in(console, "/import/")
    page.set_input_files("#id_file", file)
    page.get_by_label("Export passphrase").fill(PHRASE)
    page.get_by_role("button", name="Open").click()
    expect(page.locator(".g-changed .count")).to_have_text("60")
    page.get_by_role("button", name="Save selected").click()
    expect(page.locator(".saved")).to_contain_text("60 changed")
    assert "canary-59canary-59" in header(console, "heavy-59")


@pytest.fixture
def elsewhere(chromium: Browser) -> Iterator[BrowserPage]:
    """The same person in another browser."""
    page = BrowserPage(chromium)
    yield page
    page.close()
    assert page.problems() == []


def change(page: Page, old: str, new: str, again: str) -> None:
    fill(page, old_password=old, new_password1=new, new_password2=again)
    page.get_by_role("button", name="Change password").click()


def test_a_person_changes_their_own_password_and_other_browsers_are_signed_out(
    console: Console, browser_page: BrowserPage, elsewhere: BrowserPage
) -> None:
    other = elsewhere.sign_in(console, "/services/")
    browser_page.expect_errors("status of 422")
    elsewhere.expect_errors("WebSocket connection .* 403")  # its session ends while the page is open
    page, old, new = browser_page.sign_in(console, "/services/"), console.password, "a-new-one-of-mine"
    page.locator(".me > summary").click()
    page.get_by_role("link", name="Your account").click()
    page.locator(".heading-actions a").click()
    expect(page.get_by_role("heading", name="Change password")).to_be_visible()
    change(page, "not-mine-at-all", new, new)
    expect(page.locator("main")).to_contain_text("The current password is wrong")
    change(page, old, "12345678", "12345678")
    expect(page.locator("main")).to_contain_text("too common")
    change(page, old, new, new + "x")
    expect(page.locator("main")).to_contain_text("Enter both again")
    for field in ("old_password", "new_password1", "new_password2"):
        expect(page.locator(f"[name={field}]")).to_have_value("")
    change(page, old, new, new)
    console.password = new
    expect(page.locator("body")).to_contain_text("Password changed. Other browsers are signed out.")
    assert new not in page.content()

    page.goto(f"{console.address}/services/")
    expect(page.locator(".me .who")).to_have_text("admin")
    other.goto(f"{console.address}/services/")
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    fill(other, username="admin", password=old)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("alert")).to_contain_text("Wrong user name or password")
    elsewhere.sign_in(console, "/services/")
    expect(other.locator(".me .who")).to_have_text("admin")
    entries = "SELECT actor FROM registry_auditentry WHERE action = 'password changed'"
    assert eventually(lambda: console.rows(entries), "the change is audited") == [{"actor": "admin"}]

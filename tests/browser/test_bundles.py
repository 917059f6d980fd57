"""A bundle in Chromium: chosen, its values given, saved; its program runs from where it was unpacked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage, keep_screenshot
from tests.support.bundles import SERVER, bundle, manifest
from tests.support.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
ASKED = {"who": {"type": "string", "title": "Who", "description": "Is greeted", "required": True}}


def test_a_bundle_is_chosen_saved_and_runs(
    console: Console, browser_page: BrowserPage, tmp_path: Path
) -> None:
    config = {"command": sys.executable, "args": ["${__dirname}/server/main.py", "${user_config.who}"]}
    server = {"type": "python", "entry_point": "server/main.py", "mcp_config": config}
    file = tmp_path / "hello.mcpb"
    file.write_bytes(bundle(manifest(server, user_config=ASKED), {"server/main.py": SERVER}))
    page = browser_page.sign_in(console, "/import/")
    page.set_input_files("#id_file", str(file))
    page.fill("input[name='value:user_config.who']", "everybody")
    assert not list((console.data_dir / "bundles").glob("hello-*"))
    keep_screenshot(page, "bundle")
    page.get_by_role("button", name="Save selected").click()
    page.get_by_role("link", name="hello", exact=True).click()
    expect(page.locator(".head .state").first).to_have_text("Healthy", timeout=30_000)
    (folder,) = (console.data_dir / "bundles").glob("hello-*")
    assert (folder / "server" / "main.py").read_text() == SERVER

"""What htmx carries over when it swaps a part: no style, which our policy for content would refuse."""

from __future__ import annotations

import pytest
from django.test import Client

from mcpstore_site.statics.bundles import made


def test_no_style_is_written_while_a_part_settles() -> None:
    script = made()["console.js"].decode()
    assert "Object.assign(htmx.config,{" in script and "attributesToSettle:[]," in script


@pytest.mark.django_db
def test_a_page_has_no_settings_of_htmx_that_would_overrule_it(viewer: Client) -> None:
    assert "htmx-config" not in viewer.get("/services/").content.decode()

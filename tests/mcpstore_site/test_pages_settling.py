"""What htmx carries over when it swaps a part: no style, which our policy for content would refuse."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.test import Client


@pytest.mark.django_db
def test_no_style_is_written_while_a_part_settles(viewer: Client) -> None:
    page = viewer.get("/services/").content.decode()
    found = re.search(r"name=\"htmx-config\" content='([^']+)'", page)
    assert found
    assert json.loads(html.unescape(found[1]))["attributesToSettle"] == ["class", "width", "height"]

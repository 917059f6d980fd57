"""Pages and REST are compressed for those who take it, and read the same."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest
from django.test import Client

from mcpstore_site.answers.compressed import PADDING
from tests.support.pages import HTMX

UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress}
TAKEN = {"gzip": {"Accept-Encoding": "gzip, deflate"}, "br": {"Accept-Encoding": "gzip, deflate, br, zstd"}}
TOKEN = re.compile(
    rb"data-opened=\"[^\"]+|csrfmiddlewaretoken\" value=\"\w+|X-CSRFToken&quot;: \w+|X-CSRFToken\": \"\w+"
)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("how", ["gzip", "br"])
def test_a_page_is_a_fraction_and_reads_the_same(viewer: Client, how: str, headers: dict[str, str]) -> None:
    plain = viewer.get("/settings/policies/", headers=headers)
    small = viewer.get("/settings/policies/", headers=headers | TAKEN[how])
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == how
    assert "Accept-Encoding" in small.headers["Vary"]
    assert int(small.headers["Content-Length"]) == len(small.content) < len(plain.content) / 2
    read = TOKEN.sub(b"", UNPACK[how](small.content))
    assert read.rstrip() == TOKEN.sub(b"", plain.content).rstrip()


@pytest.mark.parametrize("how", ["gzip", "br"])
def test_its_length_tells_nothing_of_what_it_says(viewer: Client, how: str) -> None:
    """Else who makes a page repeat their guesses could read its secrets from the length (BREACH)."""
    sizes = {len(viewer.get("/settings/policies/", headers=TAKEN[how]).content) for _ in range(12)}
    assert 25 < max(sizes) - min(sizes) < PADDING


def test_who_does_not_take_brotli_is_not_given_it(viewer: Client) -> None:
    for said in ("brief, gzip", "gzip;q=1, br;q=0"):
        answer = viewer.get("/settings/policies/", headers={"Accept-Encoding": said})
        assert answer.headers["Content-Encoding"] == "gzip", said


def test_rest_is_compressed_by_gzip(viewer: Client) -> None:
    answer = viewer.get("/api/v1/openapi.json", headers=TAKEN["br"])
    assert answer.headers["Content-Encoding"] == "gzip"


def test_what_is_streamed_goes_as_it_is(viewer: Client) -> None:
    answer = viewer.get("/api/v1/export.json", headers=TAKEN["br"])
    assert answer.streaming and answer.getvalue()
    assert "Content-Encoding" not in answer.headers

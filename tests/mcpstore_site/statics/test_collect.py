"""What is served is of this very version, and is written once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest

from mcpstore_site.statics import bundles
from tests.support.collecting import collected


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    with collected(tmp_path):
        yield tmp_path


def again(place: Path) -> None:
    """As the next process does."""
    with collected(place):
        pass


def names(place: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((place / "staticfiles.json").read_text())["paths"]
    return found


def times(place: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in place.iterdir()}


def test_each_bundle_is_there_by_its_hash_alone_and_compressed(place: Path) -> None:
    for name, content in bundles.made().items():
        served = place / names(place)[name]
        assert served.read_bytes() == content
        assert gzip.decompress(served.with_name(served.name + ".gz").read_bytes()) == content
        assert brotli.decompress(served.with_name(served.name + ".br").read_bytes()) == content
        assert not (place / name).exists()


def test_what_is_there_stays_untouched(place: Path) -> None:
    before = times(place)
    again(place)
    assert times(place) == before


def test_another_version_is_served_under_another_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, made = names(place), bundles.made()
    monkeypatch.setattr(bundles, "made", lambda: made | {"console.css": b"a{color:red}" * 20})
    again(place)
    after = names(place)
    assert {name for name in after if after[name] != before[name]} == {"console.css"}
    assert (place / after["console.css"]).read_bytes() == b"a{color:red}" * 20


def test_what_was_cut_off_is_written_again(place: Path) -> None:
    gone = place / (names(place)["charts.js"] + ".gz")
    gone.unlink()
    again(place)
    assert gone.exists()

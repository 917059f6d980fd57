"""Files of others are those that were published: their sums stand in a lock, and none is without one."""

from __future__ import annotations

import hashlib
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "static" / "vendor"
LOCK = VENDOR / "vendored.lock"


def locked() -> dict[str, tuple[str, str]]:
    """Sum and package of each file."""
    lines = [line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    return {path: (digest, package) for digest, path, package in lines}


def test_every_file_is_as_it_was_published() -> None:
    files = [path for path in VENDOR.rglob("*") if path.is_file() and path != LOCK]
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)
    }
    assert found == {path: digest for path, (digest, _) in locked().items()}


def test_each_package_comes_with_its_licence() -> None:
    for path, (_, package) in locked().items():
        assert f"{path.split('/')[0]}/LICENSE" in locked(), package

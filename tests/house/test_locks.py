"""The lock files are those of pyproject.toml: `make lock` was not forgotten."""

from __future__ import annotations

import tomllib

import pytest
from packaging.requirements import Requirement

from tests.support.tools import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
GROUPS: dict[str, list[str]] = PROJECT["dependency-groups"]
EXTRA: list[str] = [one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra]
ASKED = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": RUNTIME + GROUPS["dev"] + EXTRA + PROJECT["build-system"]["requires"],
    "requirements-uv.lock": GROUPS["uv"],
}


def locked(name: str) -> dict[str, str]:
    """The version of each package in a lock."""
    lines = (line.split(" ")[0] for line in (ROOT / name).read_text().splitlines())
    return dict(line.split("==") for line in lines if "==" in line)


def users_of(name: str) -> dict[str, set[str]]:
    """For each package in a lock those that need it, as uv notes below it."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text().splitlines():
        if "==" in line and not line.startswith(" "):
            users = found.setdefault(line.split("==")[0], set())
        elif line.startswith("    # "):
            users.add(line.strip("# ").removeprefix("via").strip())
    return found


@pytest.mark.parametrize("name", ASKED)
def test_a_lock_holds_nothing_that_is_no_longer_asked_for(name: str) -> None:
    users = users_of(name)
    wanted = {requirement.name.lower() for requirement in map(Requirement, ASKED[name])}
    while more := {package for package in users.keys() - wanted if users[package] & wanted}:
        wanted |= more
    assert not users.keys() - wanted, f"`make lock` was forgotten: {sorted(users.keys() - wanted)}"


@pytest.mark.parametrize("name", ASKED)
def test_a_lock_holds_what_is_asked_for(name: str) -> None:
    found = locked(name)
    for requirement in map(Requirement, ASKED[name]):
        assert requirement.specifier.contains(found[requirement.name.lower()]), str(requirement)


def test_tests_run_on_the_versions_that_are_installed_for_use() -> None:
    tested = locked("requirements-dev.lock")
    assert {name: tested.get(name) for name in locked("requirements.lock")} == locked("requirements.lock")

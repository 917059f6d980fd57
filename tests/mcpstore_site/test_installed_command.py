"""What the installed command says of the folder it was called in, before any setting is read."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mcpstore_site import __main__ as command
from mcpstore_site import paths


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `data` of somebody else: also root, as whom tests may run, is refused."""
    place = tmp_path / "data"
    place.mkdir()
    (place / "django.key").touch()
    real = os.listdir

    def refused(path: Any = ".") -> list[str]:
        if Path(path) == place:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "listdir", refused)
    monkeypatch.setattr(paths, "INSTALLED", True)
    monkeypatch.setattr(paths, "DATA", place)
    monkeypatch.setattr(command, "run", lambda argv: None)
    # Set and taken away, so that what the command sets is taken away after the test.
    monkeypatch.setenv("MCPSTORE_DATA_DIR", "")
    monkeypatch.delenv("MCPSTORE_DATA_DIR")
    return place


@pytest.mark.parametrize("typed", [["migrate"], ["services", "list"]])
def test_data_that_may_not_be_read_is_said_to_be_so_with_a_remedy(
    data: Path, monkeypatch: pytest.MonkeyPatch, typed: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mcpstore-console", *typed])
    with pytest.raises(SystemExit) as ended:
        command.main()
    said = str(ended.value.code)
    assert said.startswith(f"Error: {data} cannot be read (Permission denied)")
    assert "give this account the right to read it" in said


@pytest.mark.parametrize("typed", [[], ["--help"], ["up", "--help"], ["version"]])
def test_help_is_given_whatever_stands_there(
    data: Path, monkeypatch: pytest.MonkeyPatch, typed: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mcpstore-console", *typed])
    command.main()
    assert os.environ["MCPSTORE_DATA_DIR"] != str(data)

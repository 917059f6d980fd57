"""A library with the WAL-reset fault is named at the start; a sound one is passed in silence."""

from unittest import mock

from django.db import connection

from lifecycle.engine.host import sqlite_version


def test_an_old_library_is_named_with_the_version_to_have() -> None:
    with mock.patch.object(connection, "vendor", "sqlite"):
        said = sqlite_version.warning((3, 40, 1))
    assert "3.40.1" in said and "3.51.3" in said and "DATABASE_URL" in said


def test_a_sound_library_is_passed_in_silence() -> None:
    with mock.patch.object(connection, "vendor", "sqlite"):
        assert sqlite_version.warning((3, 51, 3)) == ""
        assert sqlite_version.warning((3, 52, 0)) == ""


def test_postgresql_does_not_care() -> None:
    with mock.patch.object(connection, "vendor", "postgresql"):
        assert sqlite_version.warning((3, 40, 1)) == ""

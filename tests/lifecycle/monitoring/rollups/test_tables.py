"""How roll-ups lie on the disk."""

from __future__ import annotations

import pytest
from django.db import connection

from lifecycle.monitoring.rollups import tables
from lifecycle.monitoring.rollups.write import Rollups
from tests.lifecycle.monitoring.rollups.checking import START, make_services, record

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("span", tables.MODELS)
def test_rows_lie_in_their_primary_key_on_sqlite(span: int) -> None:
    """One tree is written instead of two, and a row takes a third less."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [tables.MODELS[span]._meta.db_table])
        assert cursor.fetchone()[0].endswith("WITHOUT ROWID")


def test_sqlite_finds_nothing_amiss(transactional_db: None) -> None:
    """Version 3.40 finds a NULL in every row of such a table unless the key's columns come first."""
    record(Rollups(), [(service_id, START, 0, 10) for service_id in make_services(2)])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchall() == [("ok",)]

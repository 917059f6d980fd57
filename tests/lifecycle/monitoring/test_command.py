"""manage.py monitoring: what was measured as a file, and the options."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.utils import timezone

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.models import Rollup5m
from registry.models import AuditEntry
from tests.support.commands import run
from tests.support.pages import make_service
from tests.support.terminal import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def measured(db: None, data_dir: Path) -> None:
    at = int(timezone.now().timestamp()) // 300 * 300 - 3600
    for name, checks in (("a", 1), ("b", 2)):
        data = packing.pack(summaries.of([(0, 40)] * checks))
        Rollup5m.objects.create(service=make_service(name), at=at, data=data)


def exported(*words: str) -> str:
    return run("monitoring", "export", *words)[0]


def table(text: str) -> list[tuple[str, str]]:
    return [(row["service"], row["checks"]) for row in csv.DictReader(StringIO(text)) if row["checks"]]


def document(text: str) -> list[tuple[str, int]]:
    return [(one["name"], one["totals"]["checks"]) for one in json.loads(text)["services"]]


@pytest.mark.usefixtures("measured")
def test_the_option_says_which_format_an_export_has() -> None:
    assert document(exported()) == [("a", 1), ("b", 2)]
    assert document(exported("--service", "b")) == [("b", 2)]
    run("monitoring", "settings", "export_format=csv")
    assert table(exported()) == [("a", "1"), ("b", "2")]
    assert table(exported("--service", "b")) == [("b", "2")]


@pytest.mark.usefixtures("measured")
def test_another_format_can_be_asked_for() -> None:
    assert table(exported("--format", "csv", "--range", "7d")) == [("a", "1"), ("b", "2")]
    assert document(exported("--format", "json", "--service", "a")) == [("a", 1)]


@pytest.mark.usefixtures("measured")
def test_a_file_is_written_and_nothing_else_printed(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    out, err = run("monitoring", "export", "-o", str(path))
    assert out == "" and f"Written to {path}." in err
    assert document(path.read_text(encoding="utf-8")) == [("a", 1), ("b", 2)]


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--range", "5y"], "no range '5y'"),
        (["--from", "yesterday"], "'yesterday' is not a time"),
        (["--service", "none"], "none"),
        (["--format", "xml"], "invalid choice"),
    ],
)
def test_what_is_wrong_with_an_export_is_said(words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        exported(*words)


@pytest.mark.usefixtures("data_dir")
def test_options_are_set_shown_and_reset_with_an_audit_row_each() -> None:
    run("monitoring", "settings", "cpu_threshold=70", "log_level=ERROR", "alerts_enabled=false")
    found = {row[0]: row[1:3] for row in rows("monitoring", "settings")}
    assert found["cpu_threshold"] == ["70.0", "80.0"]
    assert (found["log_level"], found["alerts_enabled"]) == (["ERROR", "INFO"], ["False", "True"])
    assert json.loads(run("monitoring", "settings", "--json")[0])["cpu_threshold"] == 70
    run("monitoring", "settings", "cpu_threshold=")
    assert json.loads(run("monitoring", "settings", "--json")[0])["cpu_threshold"] == 80
    entries = AuditEntry.objects.filter(target="monitoring").order_by("id")
    told = list(entries.values_list("detail", flat=True))
    assert "cpu_threshold 80.0 -> 70.0" in told[0] and "cpu_threshold 70.0 -> 80.0" in told[1]


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("cpu_threshold", "is no assignment"),
        ("speed=3", "is not an option of monitoring"),
        ("cpu_threshold=300", "out of range"),
        ("cpu_threshold=high", "must be a number"),
        ("log_level=LOUD", "'LOUD' is not known"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_is_changed(assignment: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run("monitoring", "settings", "disk_threshold=50", assignment)
    assert json.loads(run("monitoring", "settings", "--json")[0])["disk_threshold"] == 90

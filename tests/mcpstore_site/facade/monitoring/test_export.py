"""What was recorded, as a program takes it along: in the format that the options say, or that it asks for."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from mcpstore_site.facade.monitoring.dashboard import MonitoringDashboard
from mcpstore_site.facade.monitoring.exporter import MonitoringExporter
from mcpstore_site.store import MCPStore
from registry.errors import InvalidConfigError
from tests.mcpstore_site.facade.conftest import entry, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two(store: Any) -> Any:
    for name in ("a", "b"):
        store.add_service({name: entry(name)})
        serving(name)
    return store


def names(text: str) -> list[str]:
    return [service["name"] for service in json.loads(text)["services"]]


def headings(text: str) -> list[str]:
    return next(csv.reader(StringIO(text)))[:3]


def test_the_format_is_that_of_the_options_unless_another_is_asked_for(two: Any) -> None:
    assert names("".join(two.export_monitoring())) == ["a", "b"]
    assert names("".join(two.export_monitoring("b"))) == ["b"]
    two.set_monitoring_settings({"export_format": "csv"})
    assert headings("".join(two.export_monitoring())) == ["service", "at", "seconds"]
    assert names("".join(two.export_monitoring("b", format="json"))) == ["b"]


@pytest.mark.parametrize("given", [{"format": "xml"}, {"range": "5y"}, {"start": "yesterday"}])
def test_what_cannot_be_exported_is_refused(two: Any, given: dict[str, str]) -> None:
    with pytest.raises(InvalidConfigError):
        two.export_monitoring(**given)


def test_the_file_is_named_by_its_format(two: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exporter = MonitoringExporter(MonitoringDashboard(two))
    assert Path(exporter.export()).suffix == ".json"
    two.set_monitoring_settings({"export_format": "csv"})
    written = Path(exporter.export("a"))
    assert written.name.startswith("monitoring_a_") and written.suffix == ".csv"
    assert headings(written.read_text(encoding="utf-8")) == ["service", "at", "seconds"]
    assert names(Path(exporter.export(format="json")).read_text(encoding="utf-8")) == ["a", "b"]


def test_an_agent_exports_its_own_services_alone(two: Any) -> None:
    agent = MCPStore.setup_store().for_agent("desk")
    agent.add_service(["a"])
    assert names("".join(agent.export_monitoring())) == ["a"]

"""`MonitoringExporter`: what a dashboard has seen, as files."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mcpstore_site.facade.monitoring.dashboard import MonitoringDashboard


class MonitoringExporter:
    """Writes `metrics_history` and the alerts; for what the console itself has recorded see `export`."""

    def __init__(self, dashboard: MonitoringDashboard) -> None:
        self.dashboard = dashboard

    def export_to_json(self, filename: str | Path | None = None) -> str:
        """All services and alerts in one file; its name."""
        path = Path(filename or f"monitoring_data_{_stamp()}.json")
        document = {
            "export_time": datetime.now(UTC),
            "services": dict(self.dashboard.metrics_history),
            "alerts": self.dashboard.alert_history,
        }
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False, default=_plain), encoding="utf-8")
        return str(path)

    def export_to_csv(self, service_name: str, filename: str | Path | None = None) -> str | None:
        """One service as a table, a line for each look; its name, or None where nothing was seen of it.

        No cell is one that a spreadsheet would run.
        """
        from lifecycle.monitoring.export.as_csv import safe

        seen = self.dashboard.metrics_history.get(service_name)
        if not seen:
            return None
        path = Path(filename or f"metrics_{service_name}_{_stamp()}.csv")
        names = sorted(set().union(*seen))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows({key: safe(value) for key, value in row.items()} for row in seen)
        return str(path)

    def export(
        self,
        service_name: str | None = None,
        filename: str | Path | None = None,
        *,
        format: str | None = None,
        **window: str,
    ) -> str:
        """What the console has recorded of all services or of one; the file's name.

        *format* is "json" or "csv", by default as the option `export_format` says.
        *window* is `start` and `end` as ISO 8601, or `range` ("24h", the default, to "90d").
        """
        kind = format or str(self.dashboard.store.get_monitoring_settings()["export_format"])
        path = Path(filename or f"monitoring_{service_name or 'all'}_{_stamp()}.{kind}")
        texts = self.dashboard.store.export_monitoring(service_name, format=kind, **window)
        with path.open("w", newline="", encoding="utf-8") as file:
            for text in texts:
                file.write(text)
        return str(path)


def _stamp() -> str:
    return f"{datetime.now().astimezone():%Y%m%d_%H%M%S}"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

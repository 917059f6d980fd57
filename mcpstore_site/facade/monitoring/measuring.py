"""What was measured: alerts, exports, and the options by which it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from lifecycle.monitoring.charts import windows
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.export import files
from lifecycle.monitoring.export import queries as export_queries
from lifecycle.monitoring.settings import change
from lifecycle.monitoring.settings import queries as settings_queries
from mcpstore_site.facade.scope import BY, Scope
from registry.errors import InvalidConfigError
from registry.models import Role


class Measuring(Scope):
    """Monitoring of the services of this context."""

    def list_alerts(self, duration: float = 24 * 3600.0) -> list[dict[str, Any]]:
        """Alerts that were open at some time in the last *duration* seconds, oldest first."""
        now = timezone.now()
        mine = Q(service__in=self.services()) | (Q(service=None) if self.whole else Q(pk=None))
        return list(export_queries.alerts(mine, Window(start=now - timedelta(seconds=duration), end=now)))

    def export_monitoring(
        self,
        service_name: str | None = None,
        *,
        format: str | None = None,
        start: str = "",
        end: str = "",
        range: str = "",
    ) -> Iterator[str]:
        """What was recorded of all services, or of one, in parts to be written one after the other.

        *format* is "json" or "csv", and as the option `export_format` where it is not given. Without *start*
        and *range* the window is the last 24 hours.
        """
        kind = format or files.usual()
        if kind not in files.FORMATS:
            raise InvalidConfigError("format", f"{kind[:20]!r} is not known", "Use json or csv")
        now = timezone.now()
        try:
            window = windows.asked({"from": start, "to": end, "range": range}, now)
        except windows.WindowError as exc:
            raise InvalidConfigError("start", str(exc), "Give start and end, or a range") from None
        if service_name is not None:
            return files.text(kind, window, now, files.only(self.service(service_name)), whole=False)
        return files.text(kind, window, now, self.services())

    def get_monitoring_settings(self) -> dict[str, Any]:
        """Every option of monitoring by its name."""
        return dict(settings_queries.values())

    def set_monitoring_settings(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change options; None resets one. InvalidConfigError changes nothing. Returns all of them."""
        change.change(changes, by=BY, role=Role.ADMIN, now=timezone.now())
        return self.get_monitoring_settings()

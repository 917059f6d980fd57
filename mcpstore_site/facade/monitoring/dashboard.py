"""`MonitoringDashboard` and `ServicePerformanceMonitor`: how services fare, printed for a person."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mcpstore_site.facade.monitoring.alerting import AlertManager
from mcpstore_site.facade.monitoring.history import History, say

if TYPE_CHECKING:
    from mcpstore_site.facade.context import StoreContext
    from mcpstore_site.store import MCPStore

ICONS = {"running": "✅", "stopped": "⏹️", "error": "❌", "starting": "🔄"}
LINE = 60
HOUR = 3600.0


class MonitoringDashboard(History):
    """The figures of every service over time, in `metrics_history`, and a page of text.

    The rules of `alert_manager` are asked at each look, and its handlers hear of the console's alerts too.
    """

    def __init__(self, store: MCPStore | StoreContext) -> None:
        super().__init__(store)
        self.alert_manager = AlertManager(store)

    def collect(self) -> None:
        """The figures of every service as they are now; the rules are asked about each."""
        super().collect()
        for past in self.metrics_history.values():
            self.alert_manager.check_alerts(past[-1])
        self.alert_manager.follow()

    @property
    def alert_history(self) -> list[dict[str, Any]]:
        """Alerts of the last 24 hours, oldest first, as the console opened them."""
        return self.store.list_alerts(24 * HOUR)

    def print_dashboard(self) -> None:
        """What is so now."""
        services = self.store.list_services()
        running = sum(service.status == "running" for service in services)
        say("=" * LINE)
        say("📊 MCPStore")
        say(f"⏰ {datetime.now().astimezone():%Y-%m-%d %H:%M:%S}")
        say(f"   services: {len(services)}")
        say(f"   running: {running}")
        say(f"   tools: {sum(service.tools_count for service in services)}")
        say("-" * LINE)
        for service in services:
            self._print_service(service.name)
        self._print_alerts()

    def _print_service(self, name: str) -> None:
        figures = self._figures(name)
        say(f"{ICONS.get(figures['status'], '❓')} {name}")
        say(f"   status: {figures['status']}")
        if "error_rate" in figures:
            say(f"   tools: {figures['tools_count']}")
            say(f"   error rate: {figures['error_rate']:.1%}")
        if figures.get("avg_response_time") is not None:
            say(f"   response time: {figures['avg_response_time']:.3f} s")

    def _print_alerts(self) -> None:
        recent = self.store.list_alerts(HOUR)[-5:]
        if recent:
            say("🚨")
        for alert in recent:
            say(f"[{alert['opened_at'].astimezone():%H:%M:%S}] {alert['level']}: {alert['summary']}")


class ServicePerformanceMonitor(History):
    """As the dashboard, each service's response and availability; `metrics` holds what was asked for."""

    @property
    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """By service, what was seen at each look, oldest first."""
        return self.metrics_history

    def get_service_metrics(self, service_name: str, duration: float = 300) -> dict[str, Any] | None:
        """The figures of the last *duration* seconds, as the console measured them; None before a look."""
        recent = [
            one
            for one in self.metrics_history.get(service_name, ())
            if time.time() - one["timestamp"] <= duration
        ]
        if not recent:
            return None
        return dict(self.store.get_service_metrics(service_name, duration))

    def print_summary(self) -> None:
        """One paragraph for each service that was looked at."""
        say("📊")
        say("-" * LINE)
        for name in list(self.metrics_history):
            figures = self.get_service_metrics(name)
            if figures is None:
                continue
            share, mean = figures["availability"], figures["avg_response_time"]
            say(f"🔍 {name}")
            say(f"   availability: {'unknown' if share is None else f'{share:.1f}%'}")
            if mean is not None:
                say(f"   response time: {mean * 1000:.1f} ms")
            say(f"   checks: {figures['total_checks']}")

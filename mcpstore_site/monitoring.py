"""Monitoring from Python: `from mcpstore_site.monitoring import MonitoringConfig, MonitoringDashboard`."""

from __future__ import annotations

from mcpstore_site.facade.monitoring.alerting import (
    AlertLevel,
    AlertManager,
    AlertRule,
    console_alert_handler,
    email_alert_handler,
)
from mcpstore_site.facade.monitoring.config import MonitoringConfig
from mcpstore_site.facade.monitoring.dashboard import MonitoringDashboard, ServicePerformanceMonitor
from mcpstore_site.facade.monitoring.exporter import MonitoringExporter
from mcpstore_site.facade.monitoring.system import SystemMetrics

__all__ = [
    "AlertLevel",
    "AlertManager",
    "AlertRule",
    "MonitoringConfig",
    "MonitoringDashboard",
    "MonitoringExporter",
    "ServicePerformanceMonitor",
    "SystemMetrics",
    "console_alert_handler",
    "email_alert_handler",
]

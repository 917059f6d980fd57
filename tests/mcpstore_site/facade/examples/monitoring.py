"""The design's monitoring: configured, watched for some seconds, printed and exported. Service names are
arguments."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from mcpstore_site.monitoring import (
    MonitoringConfig,
    MonitoringDashboard,
    MonitoringExporter,
    ServicePerformanceMonitor,
    SystemMetrics,
)
from mcpstore_site.store import MCPStore

BASIC = MonitoringConfig(
    enabled=True,
    check_interval=30,
    health_check_timeout=10,
    health_check_retries=3,
    performance_monitoring=True,
    metrics_retention_days=7,
    alerts_enabled=True,
    alert_cooldown=300,
)
ADVANCED = MonitoringConfig(
    service_monitoring={
        "status_check_interval": 15,
        "connection_timeout": 5,
        "max_consecutive_failures": 3,
    },
    performance_monitoring={
        "response_time_threshold": 1.0,
        "cpu_threshold": 80,
        "memory_threshold": 85,
        "disk_threshold": 90,
    },
    tool_monitoring={"call_timeout": 30, "error_rate_threshold": 0.1, "slow_call_threshold": 5.0},
    data_collection={"metrics_buffer_size": 1000, "log_level": "INFO", "export_format": "json"},
)


def get_service_metrics(store: MCPStore, service_name: str) -> dict[str, Any]:
    try:
        status = store.get_service_status(service_name)
        info = store.get_service_info(service_name)
        metrics = store.get_service_metrics(service_name)
        return {
            "service_name": service_name,
            "status": status,
            "uptime": info.get("uptime", 0),
            "tools_count": len(info.get("tools", [])),
            "active_connections": info.get("active_connections", 0),
            "total_calls": metrics.get("total_calls", 0),
            "failed_calls": metrics.get("failed_calls", 0),
            "avg_response_time": metrics.get("avg_response_time", 0),
            "last_activity": metrics.get("last_activity"),
            "error_rate": metrics.get("error_rate", 0),
        }
    except Exception as exc:
        return {"service_name": service_name, "status": "error", "error": str(exc)}


def system_resources() -> None:
    cpu = SystemMetrics.get_cpu_usage()
    memory = SystemMetrics.get_memory_usage()
    disk = SystemMetrics.get_disk_usage()
    network = SystemMetrics.get_network_stats()
    shares = all(0 <= share <= 100 for share in (cpu, memory["percentage"], disk["percentage"]))
    print(f"system: {shares}, {0 < memory['used'] <= memory['total']}, {network['bytes_sent'] >= 0}")


def main() -> None:
    store = MCPStore(monitoring_config=BASIC)
    store = MCPStore.setup_store(monitoring_config=ADVANCED)
    print(json.dumps(store.get_monitoring_settings()))
    for name in sys.argv[1:]:
        metrics = get_service_metrics(store, name)
        print(
            f"{name}: {metrics['status']}, {metrics.get('error_rate', 0):.2%}, {metrics['tools_count']} tools"
        )
    system_resources()

    dashboard = MonitoringDashboard(store)
    monitor = ServicePerformanceMonitor(store)
    dashboard.start_monitoring(interval=0.3)
    monitor.start_monitoring(interval=0.3)
    time.sleep(1.5)
    dashboard.print_dashboard()
    monitor.print_summary()
    dashboard.stop_monitoring()
    monitor.stop_monitoring()
    print(f"looks: {all(len(dashboard.metrics_history[name]) > 2 for name in sys.argv[1:])}")

    exporter = MonitoringExporter(dashboard)
    document = json.loads(Path(exporter.export_to_json("all.json")).read_text(encoding="utf-8"))
    print(f"json: {sorted(document)}, {sorted(document['services'])}")
    table = exporter.export_to_csv(sys.argv[1])
    print(f"csv: {table}, {exporter.export_to_csv('nobody')}")
    print(f"lines: {len(Path(str(table)).read_text(encoding='utf-8').splitlines()) > 3}")
    whole = json.loads(Path(exporter.export(range="1h")).read_text(encoding="utf-8"))
    print(f"recorded: {[service['name'] for service in whole['services']]}")


if __name__ == "__main__":
    main()

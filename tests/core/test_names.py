"""docs/names.md tells the truth: what it points at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "names.md").read_text(encoding="utf-8")
PLACES = sorted(set(re.findall(r"`((?:registry|lifecycle|mcpstore_site)/[\w/.]+(?::\w+)?)`", TEXT)))
DESIGN = """
AlertRule ConfigProcessor ConnectionError ContentManager HealthManager HealthStatus HealthStatusBridge
InitializingStateProcessor InvalidConfigError MCPConfig MCPOrchestrator MonitoringDashboard MonitoringExporter
ProtocolError ServiceAutoRecovery ServiceDependencyManager ServiceHealthConfig ServiceLifecycleConfig
ServiceLifecycleManager ServiceMetrics ServiceNotFoundError ServiceOperations ServiceStateMachine
ServiceStateMetadata ServiceStatus SmartReconnectionManager StateChangeEventProcessor SystemMetrics
ToolsUpdateMonitor UnifiedServiceStateManager WaitStrategy for_agent global_agent_store
"""


@pytest.mark.parametrize("place", PLACES)
def test_every_place_exists(place: str) -> None:
    path, _, name = place.partition(":")
    assert (ROOT / path).exists()
    if name:
        defined = rf"^\s*(?:async def|def|class) {name}\b|^{name}\b.* ="
        assert re.search(defined, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", DESIGN.split())
def test_every_name_of_the_design_is_in_the_table(name: str) -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("|") and f"`{name}`" in line.split("|")[1]]
    assert len(rows) == 1

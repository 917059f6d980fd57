"""docs/glossary.md: each term once, with its Chinese; and what it points at is there."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from lifecycle.core.machine.states import State
from lifecycle.core.policy.policy import Policy

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
PLACES = sorted(set(re.findall(r"`((?:registry|lifecycle|mcpstore_site)/[\w/.]+(?::\w+)?)`", TEXT)))
CHINESE = (ROOT / "docs" / "zh-hans" / "glossary.md").read_text(encoding="utf-8")


def terms(text: str, heads: str, end: str) -> list[list[str]]:
    """The rows of its tables, up to the part about the design documents."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.partition(end)[0].splitlines()
        if line.startswith("|") and not line.startswith((heads, "|---"))
    ]


TERMS = terms(TEXT, "| term |", "## Names of the design documents")
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


def test_each_term_stands_once_with_its_chinese_and_one_meaning() -> None:
    assert [row for row in TERMS if len(row) != 3 or not all(row)] == []
    assert [term for term, count in Counter(row[0].lower() for row in TERMS).items() if count > 1] == []
    assert [row for row in TERMS if row[1] != "mcp.json" and not re.search(r"[\u4e00-\u9fff]", row[1])] == []


def test_the_chinese_glossary_has_the_same_terms_in_the_same_order() -> None:
    rows = terms(CHINESE, "| 术语 |", "## 设计文档中的名称")
    assert [[english, chinese] for chinese, english, _ in rows] == [row[:2] for row in TERMS]


def test_every_setting_of_a_policy_and_every_state_is_a_term() -> None:
    words = {row[0] for row in TERMS}
    assert {one.metadata["label"] for one in fields(Policy)} - words == set()
    assert {state.value for state in State} - words == set()

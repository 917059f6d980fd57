"""Tool calls reach a collector as the conventions have them, and the trace reaches the service."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.models import Command
from lifecycle.monitoring.telemetry import tool_calls
from lifecycle.operations import commands as operation_commands
from registry.models import Tool
from tests.doubles.fault_server import FaultServer
from tests.support.api import Api, worker_that
from tests.support.bench import Bench, stdio
from tests.support.collector import Collector, attributes
from tests.support.pages import make_service
from tests.support.ports import free_port
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Listening(FaultServer):
    """Remembers what came along with each call."""

    def __init__(self, mode: str, era: str) -> None:
        super().__init__(mode, era)
        self.meta: list[dict[str, Any]] = []

    def said(self, message: dict[str, Any], mode: str, era: str) -> dict[str, Any]:
        if message.get("method") == "tools/call":
            self.meta.append(message["params"].get("_meta") or {})
        return super().said(message, mode, era)


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for signal in tool_calls.SIGNALS:
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT", raising=False)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def call(bench: Bench, name: str, parent: str = "") -> None:
    given = {"tool": "echo", "arguments": {"message": "hello"}} | ({"traceparent": parent} if parent else {})
    assert bench.ask("call-tool", name, arguments=given).state == "done"


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_call_is_a_span_and_a_duration_and_its_trace_goes_along(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, era: str
) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        bench.start("one")
        good, bad = Listening("ok", era), Listening("tool-error", era)
        for name, server in (("good", good), ("bad", bad)):
            bench.adopt(server)
            bench.add(name, {"url": server.url})
            bench.until_state(name, "HEALTHY")
        call(bench, "good", PARENT)
        call(bench, "bad")
        bench.stop()
    spans = {
        attributes(span.attributes)["mcpstore.service"]: (about, span) for about, span in collector.spans()
    }
    assert set(spans) == {"good", "bad"}
    about, span = spans["good"]
    assert (about["service.name"], about["service.instance.id"]) == ("mcpstore-console", "one")
    assert (span.name, span.kind) == ("tools/call echo", 3)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT.split("-")[2])
    said = attributes(span.attributes)
    assert said["mcp.method.name"] == "tools/call"
    assert (said["gen_ai.tool.name"], said["gen_ai.operation.name"]) == ("echo", "execute_tool")
    assert (said["network.transport"], said["network.protocol.name"]) == ("tcp", "http")
    assert said["mcp.protocol.version"] == ("2026-07-28" if era == "modern" else "2025-11-25")
    assert "error.type" not in said
    assert good.meta[0]["traceparent"] == f"00-{TRACE}-{span.span_id.hex()}-01"
    failed = spans["bad"][1]
    assert attributes(failed.attributes)["error.type"] == "tool_error"
    assert failed.status.code == 2
    assert bad.meta[0]["traceparent"].split("-")[1] == failed.trace_id.hex() != TRACE
    points = {about.get("error.type", ""): point for about, point in collector.points(DURATION)}
    assert {kind: point.count for kind, point in points.items()} == {"": 1, "tool_error": 1}
    assert 0 < points[""].sum < 5
    assert list(points[""].explicit_bounds)[:3] == [0.01, 0.02, 0.05]


DURATION = "mcp.client.operation.duration"


def test_a_program_is_reached_by_a_pipe_and_a_check_is_no_span(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/v1/traces")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{collector.url}/v1/metrics")
        bench.start()
        bench.add("child", stdio())
        bench.until_state("child", "HEALTHY")
        assert bench.ask("check", "child").state == "done"
        call(bench, "child")
        bench.stop()
    ((_, span),) = collector.spans()
    said = attributes(span.attributes)
    assert said["network.transport"] == "pipe"
    assert "network.protocol.name" not in said


def test_a_collector_that_is_away_delays_neither_calls_nor_the_stop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    bench.start()
    server = bench.server()
    bench.add("good", {"url": server.url})
    bench.until_state("good", "HEALTHY")
    began = time.monotonic()
    call(bench, "good")
    assert time.monotonic() - began < 3
    assert bench.stop() < 12


def test_without_a_collector_the_trace_of_whoever_asked_is_still_passed_on(bench: Bench) -> None:
    bench.start()
    server = Listening("ok", "modern")
    bench.adopt(server)
    bench.add("good", {"url": server.url})
    bench.until_state("good", "HEALTHY")
    call(bench, "good", PARENT)
    call(bench, "good")
    assert [meta.get("traceparent") for meta in server.meta] == [PARENT, None]


LOOK = """
import sys, django
django.setup()
from lifecycle.models import Command
from lifecycle.monitoring.telemetry import tool_calls
from lifecycle.operations import commands as operation_commands
from registry.models import Tool
import lifecycle.engine.worker.worker
tool_calls.sender("one")
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
"""


def test_nothing_of_the_sdk_is_imported_where_no_collector_is_named(tmp_path: Path) -> None:
    environment = {
        "MCPSTORE_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings",
        "PYTHONPATH": str(ROOT), "PATH": "",
    }  # fmt: skip
    for switch, loaded in (({}, False), ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True)):
        run = [sys.executable, "-c", LOOK]
        done = subprocess.run(run, env=environment | switch, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert (done.stdout.strip() != "[]") is loaded
    off = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}
    done = subprocess.run(run, env=environment | off, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("given", "kept"), [(PARENT, PARENT), ("00-zz-1-1", None), ("", None)])
def test_the_trace_of_a_rest_call_is_kept_with_its_command(
    api_operator: Api, given: str, kept: str | None
) -> None:
    service = make_service("weather")
    Tool.objects.create(service=service, name="echo", position=0, input_schema={})
    with worker_that(lambda command: {"ok": True, "content": [], "duration_ms": 1}):
        api_operator.headers["traceparent"] = given
        assert api_operator.post("services/weather/tools/echo/call", {}).status_code == 200
    (command,) = Command.objects.all()
    assert operation_commands.arguments_of(command).get("traceparent") == kept

"""Spans and durations of tool calls, sent to a collector over OTLP; see `tool_calls`.

The providers are our own and not the global ones, or else the SDKs of MCP would send a span for each ping.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from lifecycle.monitoring.telemetry.call import Call, Seen

SCOPE = "mcpstore-console"
DURATION = "mcp.client.operation.duration"
BOUNDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
CLOSED_WITHIN_MS = 3000
Attributes = dict[str, str | int]


class Exporter:
    """One per worker; threads of the SDK do the sending, so a collector that is away delays nothing."""

    def __init__(self, worker: str) -> None:
        resource = Resource.create({"service.name": SCOPE, "service.instance.id": worker})
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self._meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        self._tracer = self._tracers.get_tracer(SCOPE)
        self._durations = self._meters.get_meter(SCOPE).create_histogram(
            DURATION,
            unit="s",
            description="The duration of the MCP request as observed on the sender",
            explicit_bucket_boundaries_advisory=BOUNDS,
        )

    @contextmanager
    def call(self, call: Call) -> Iterator[Seen]:
        """A span around one call, within the trace of whoever asked, and its duration."""
        about = _attributes(call)
        parent = propagate.extract({"traceparent": call.parent}) if call.parent else None
        span = self._tracer.start_span(
            f"tools/call {call.tool}",
            context=parent,
            kind=SpanKind.CLIENT,
            attributes=about | {"mcpstore.service": call.service},
        )
        seen, began = _Seen(span), time.monotonic()
        try:
            with trace.use_span(span, end_on_exit=True, record_exception=False):
                yield seen
        finally:
            self._measure(self._durations, time.monotonic() - began, about, seen)

    @staticmethod
    def _measure(durations: Histogram, took: float, about: Attributes, seen: _Seen) -> None:
        failed: Attributes = {"error.type": seen.error_type} if seen.error_type else {}
        durations.record(took, about | failed)

    def close(self) -> None:
        """Send what is left; what a collector does not take within three seconds is lost."""
        self._tracers.force_flush(CLOSED_WITHIN_MS)
        self._meters.shutdown(CLOSED_WITHIN_MS)
        self._tracers.shutdown()


def _attributes(call: Call) -> Attributes:
    found: dict[str, str | int | None] = {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": call.tool,
        "gen_ai.operation.name": "execute_tool",
        "network.transport": "pipe" if call.transport == "stdio" else "tcp",
        "network.protocol.name": None if call.transport == "stdio" else "http",
        "mcp.protocol.version": call.protocol or None,
        "server.address": call.address or None,
        "server.port": call.port,
    }
    return {name: value for name, value in found.items() if value is not None}


class _Seen:
    """One call under way, as a span."""

    def __init__(self, span: Span) -> None:
        self._span, self.error_type = span, ""

    def ended(self, error_type: str, message: str) -> None:
        """Its error, if there was one."""
        self.error_type = error_type
        if error_type:
            self._span.set_attribute("error.type", error_type)
            self._span.set_status(Status(StatusCode.ERROR, message))

    def meta(self) -> Mapping[str, str]:
        """W3C trace context, as SEP-414 has it: unprefixed."""
        carrier: dict[str, str] = {}
        propagate.inject(carrier, context=trace.set_span_in_context(self._span))
        return carrier

"""Tool calls as OpenTelemetry has them, where a collector is named (requirements 3.9).

`OTEL_EXPORTER_OTLP_ENDPOINT` switches it on, and nothing of the SDK is imported without. Names are those of
the MCP conventions in the repository of the GenAI conventions (v0.1.0, status: development).
"""

from __future__ import annotations

import importlib.util
import logging
import os

from lifecycle.monitoring.telemetry.call import Sender, Silent

logger = logging.getLogger("lifecycle.telemetry")
SIGNALS = ("", "TRACES_", "METRICS_")
MISSING = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the OpenTelemetry SDK is not installed: "
    "install mcpstore-console[opentelemetry]"
)


def is_configured() -> bool:
    """Whether a collector is named, and the SDK is not switched off."""
    named = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT", "").strip() for signal in SIGNALS)
    return named and os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true"


def sender(worker: str) -> Sender:
    """What the worker tells its calls to."""
    if not is_configured():
        return Silent()
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        logger.warning(MISSING)
        return Silent()
    from lifecycle.monitoring.telemetry.otlp import Exporter

    return Exporter(worker)

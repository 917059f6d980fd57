"""Storms of alerts, and what rules cost."""

from mcpstore_site.benchmarks.alerts.storm import run as run

"""A scrape as Prometheus metrics. Their names are an interface: dashboards and alerts refer to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from lifecycle.core.health.verdict import LEVELS
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.sketch import Sketch
from lifecycle.core.monitoring.summary import Summary
from lifecycle.core.monitoring.uptime import Account
from lifecycle.monitoring.prometheus.encoding import COUNTER, GAUGE, HISTOGRAM, Family, Key, Labels
from lifecycle.monitoring.prometheus.queries import Scrape

SINCE = "since midnight UTC"


def families(scrape: Scrape, took: float) -> Iterator[Family]:
    """All metrics of one scrape that *took* so many seconds to read."""
    yield from _console(scrape)
    yield from _fleet(scrape)
    yield from _services(scrape)
    yield from _checks(scrape)
    yield from _calls(scrape)
    yield from _hosts(scrape)
    yield from _workers(scrape)
    yield _gauge("scrape_duration_seconds", "Time to gather all this", [], {(): took})


def _gauge(name: str, about: str, labels: Labels, values: Mapping[Key, float]) -> Family:
    return Family(kind=GAUGE, name=f"mcpstore_{name}", about=about, labels=labels, values=values)


def _counter(name: str, about: str, labels: Labels, values: Mapping[Key, float]) -> Family:
    return Family(
        kind=COUNTER, name=f"mcpstore_{name}", about=f"{about}, {SINCE}", labels=labels, values=values
    )


def _histogram(name: str, about: str, labels: Labels, values: Mapping[Key, tuple[Sketch, float]]) -> Family:
    return Family(
        kind=HISTOGRAM, name=f"mcpstore_{name}", about=f"{about}, {SINCE}", labels=labels, values=values
    )


def _version() -> str:
    try:
        return version("mcpstore-console")
    except PackageNotFoundError:
        return "checkout"


def _console(scrape: Scrape) -> Iterator[Family]:
    yield _gauge("build_info", "The version of the console", ["version"], {(_version(),): 1})
    about = "1 where there are more services than mcpstore_services_limit: then there are totals only"
    yield _gauge("services_limited", about, [], {(): int(scrape.limited)})
    yield _gauge("services_limit", "Services that get series of their own", [], {(): scrape.limit})


def _fleet(scrape: Scrape) -> Iterator[Family]:
    states = {(state,): float(n) for state, n in scrape.states.items()}
    yield _gauge("services", "Services by state", ["state"], states)
    alerts = {key: float(n) for key, n in scrape.alerts.items()}
    yield _gauge("alerts_open", "Alerts that are not resolved", ["level", "state"], alerts)
    everyone = scrape.figures
    yield from _uptime("fleet", {(): everyone.all_uptime}, [])
    summaries = {(): everyone.all_checks}
    yield _levels("fleet_checks", "Health checks of all services by outcome", [], summaries)
    yield _durations("fleet_check_duration_seconds", "Time of answers to checks", [], summaries)
    about = "Times that a service served again after an outage"
    yield _counter("fleet_reconnections", about, [], {(): sum(everyone.reconnections.values())})
    yield from _of_calls("fleet_", [], {(): everyone.all_calls})


def _services(scrape: Scrape) -> Iterator[Family]:
    own, figures = scrape.services, scrape.figures
    up = {(one.name,): float(one.serves) for one in own}
    yield _gauge("service_up", "1 while the service serves (HEALTHY or WARNING)", ["service"], up)
    states = {(one.name, one.state): 1.0 for one in own}
    yield _gauge("service_state", "1 for the state that the service is in", ["service", "state"], states)
    failures = {(one.name,): float(one.failures) for one in own}
    yield _gauge("service_consecutive_failures", "Failed checks in a row", ["service"], failures)
    tools = {(one.name,): float(one.tools) for one in own}
    yield _gauge("service_tools", "Tools that the service has", ["service"], tools)
    uptime = {(one.name,): figures.uptime[one.id] for one in own}
    yield from _uptime("service", uptime, ["service"])
    again = {(one.name,): float(figures.reconnections.get(one.id, 0)) for one in own}
    yield _counter("service_reconnections", "Times that it served again after an outage", ["service"], again)


def _uptime(what: str, accounts: Mapping[Key, Account], labels: Labels) -> Iterator[Family]:
    ratios = {key: account.ratio for key, account in accounts.items() if account.ratio is not None}
    about = "Share of the last 24 hours in which it served, of the time that counts and is known"
    yield _gauge(f"{what}_uptime_ratio", about, labels, ratios)
    known = {key: account.coverage for key, account in accounts.items() if account.coverage is not None}
    about = "Share of the last 24 hours that is known, of the time that counts"
    yield _gauge(f"{what}_uptime_coverage_ratio", about, labels, known)


def _checks(scrape: Scrape) -> Iterator[Family]:
    found = {(one.name,): scrape.figures.checks[one.id] for one in scrape.services}
    yield _levels("checks", "Health checks by outcome", ["service"], found)
    yield _durations("check_duration_seconds", "Time of answers to checks", ["service"], found)


def _levels(name: str, about: str, labels: Labels, found: Mapping[Key, Summary]) -> Family:
    counts = {
        (*key, level.value): float(count)
        for key, summary in found.items()
        for level, count in zip(LEVELS, summary.levels, strict=True)
        if count
    }
    return _counter(name, about, [*labels, "level"], counts)


def _durations(name: str, about: str, labels: Labels, found: Mapping[Key, Summary]) -> Family:
    times = {key: (summary.sketch, float(summary.sum_ms)) for key, summary in found.items()}
    return _histogram(name, about, labels, times)


def _calls(scrape: Scrape) -> Iterator[Family]:
    called = scrape.figures.calls
    found = {(one.name,): called[one.id] for one in scrape.services if one.id in called}
    yield from _of_calls("", ["service"], found)


def _of_calls(before: str, labels: Labels, found: Mapping[Key, CallSummary]) -> Iterator[Family]:
    """A tool is never a label: a server may have thousands, and change their names."""
    counts: dict[Key, float] = {}
    for key, summary in found.items():
        counts[(*key, "ok")] = summary.calls - summary.failed
        counts[(*key, "failed")] = summary.failed
        counts[(*key, "refused")] = summary.refused
    yield _counter(f"{before}tool_calls", "Tool calls by outcome", [*labels, "outcome"], counts)
    slow = {key: float(summary.slow) for key, summary in found.items()}
    yield _counter(f"{before}tool_calls_slow", "Tool calls over the slow call threshold", labels, slow)
    times = {key: (summary.times, summary.sum_ms) for key, summary in found.items()}
    yield _histogram(f"{before}tool_call_duration_seconds", "Time of tool calls", labels, times)


def _hosts(scrape: Scrape) -> Iterator[Family]:
    live = {host.name: host for host in scrape.hosts if host.live and host.sample is not None}

    def sampled(name: str, about: str, column: str, part: float = 1) -> Family:
        values = {host: getattr(one.sample, column) for host, one in live.items()}
        known = {(host,): value * part for host, value in values.items() if value is not None}
        return _gauge(f"host_{name}", about, ["host"], known)

    yield sampled(
        "cpu_ratio", "Share of the CPU that is in use, of what the host may use", "cpu_percent", 0.01
    )
    yield sampled("memory_used_bytes", "Memory in use", "memory_used")
    yield sampled("memory_limit_bytes", "Memory that may be used", "memory_total")
    yield sampled("disk_used_bytes", "In use on the data directory's file system", "disk_used")
    yield sampled("disk_size_bytes", "Size of the data directory's file system", "disk_total")
    yield sampled("network_sent_bytes_per_second", "Sent, on average since the sample before", "sent_per_s")
    yield sampled(
        "network_received_bytes_per_second", "Received, on average since the sample before", "received_per_s"
    )


def _workers(scrape: Scrape) -> Iterator[Family]:
    def each(name: str, about: str, values: Mapping[Key, float]) -> Family:
        return _gauge(f"worker_{name}", about, ["worker", "host"], values)

    found = {(one.seen.name, one.seen.host): one for one in scrape.workers}
    live = {key: one.seen for key, one in found.items() if one.live}
    yield each("up", "1 where it was seen within 20 s", {key: float(one.live) for key, one in found.items()})
    yield each(
        "services", "Services that it holds", {key: float(seen.services) for key, seen in live.items()}
    )
    late = {key: seen.late_ms / 1000 for key, seen in live.items()}
    yield each("check_lateness_seconds", "99 of 100 checks began at most this late", late)

"""What is said of a request without an answer in time: how far it came, what a program printed meanwhile."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePath

from lifecycle.core.answers import epitaph
from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.child.process import Child
from lifecycle.engine.session.faults.trace import Stage, Trace

FETCHERS = frozenset({"npx", "bunx", "uvx", "uv", "pnpm", "pnpx", "yarn", "pipx", "docker", "podman", "deno"})
FETCHING = re.compile(
    r"\bdownload|\binstall(?:ing|ed)\b|\bcollecting\b|\bfetching\b|\bpulling\b|\bresolving\b|npm warn",
    re.IGNORECASE,
)


STRANGER = "an answer came, but its id is that of no request of ours"


def explain(fault: Fault, trace: Trace, child: Child | None, *, held: bool = False) -> Fault:
    """What the last "no answer … within …" was about, above all of a session that was never made."""
    if fault.kind is not Kind.TIMEOUT or " within " not in fault.message:
        return fault
    if trace.stage is Stage.ANSWERED and trace.status == 200 and "json" in trace.content_type:
        return replace(fault, message=f"{fault.message}; {STRANGER}")
    if held:
        return fault
    waited = fault.message.rpartition(" within ")[2]
    if child is not None:
        return _silent(fault, child)
    if trace.stage is Stage.TLS:
        said = f"the TLS handshake was not answered within {waited}"
        return Fault(kind=Kind.TLS, message=said, cause=Cause.TLS_HANGS, lost=True)
    if trace.stage is Stage.CONNECTING:
        said = f"no connection within {waited}: nothing came back from the address"
        return Fault(kind=Kind.TIMEOUT, message=said, cause=Cause.UNANSWERED, lost=True)
    return fault


def _silent(fault: Fault, child: Child) -> Fault:
    printed = child.stderr.text()
    output = epitaph.rest(printed)
    lines = epitaph.clean(printed)
    if child.stray:
        cause, more = Cause.OTHER_OUTPUT, f"it prints something other than MCP on stdout: {child.stray}"
    elif FETCHING.search(output) or (not lines and PurePath(child.command.command).name in FETCHERS):
        cause, more = Cause.DOWNLOADING, "it seems to be downloading"
    else:
        cause, more = Cause.SILENT, f"it printed last: {lines[-1].strip()}" if lines else "it printed nothing"
    return replace(fault, message=f"{fault.message}; {more}", cause=cause, output=output)

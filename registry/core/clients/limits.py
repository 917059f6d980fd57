"""Timeouts, each in its client's unit, as seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from registry.core.clients.table import MILLISECONDS, SECONDS, Client
from registry.core.entries.fields import LONGEST_TIMEOUT, MILLISECONDS_FROM, written_timeout

CALL_FROM = ("tool_timeout_sec", "timeoutSeconds")
SHORTEST_LIKELY = 100
"""In milliseconds, where the client itself is only likely."""
START_KEY = "startup_timeout_sec"
START_FROM: Mapping[str, float] = {"startup_timeout_ms": 0.001, "connectionTimeout": 0.001}


def with_limits(
    entry: Mapping[str, Any], client: Client, unit: str, certain: bool
) -> tuple[dict[str, Any], list[str]]:
    """The entry with its limits in our terms, and what there is to say of them."""
    made, notes = dict(entry), list[str]()
    given = entry.get("timeout")
    if client.unit == MILLISECONDS and isinstance(given, dict):
        return _apart(made, notes, given), notes
    clear = _clear(entry)
    if clear:
        _put(made, notes, "timeout", float(entry[clear]), clear)
    elif given is not None and _number(given):
        _call(made, notes, float(given), client, unit, certain)
    for key, factor in START_FROM.items():
        if _number(entry.get(key)) and START_KEY not in made:
            _put(made, notes, START_KEY, entry[key] * factor, key)
    return made, notes


def _apart(made: dict[str, Any], notes: list[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Both limits under `timeout`, as opencode 2 keeps them; what else stands there is left to be refused."""
    if not given or not given.keys() <= {"startup", "request"} or not all(map(_number, given.values())):
        return made
    del made["timeout"]
    for key, source in (("timeout", "request"), (START_KEY, "startup")):
        if source in given:
            _put(made, notes, key, given[source] / 1000, f"timeout.{source}")
    return made


def _clear(entry: Mapping[str, Any]) -> str:
    """The key that says the unit by its own name."""
    return next((key for key in CALL_FROM if _number(entry.get(key))), "")


def _call(
    made: dict[str, Any], notes: list[str], given: float, client: Client, unit: str, certain: bool
) -> None:
    unit_of_client = client.unit
    if not certain and unit_of_client:
        unlikely = given > LONGEST_TIMEOUT if unit_of_client == SECONDS else given < SHORTEST_LIKELY
        if unlikely:
            unit_of_client = MILLISECONDS if unit_of_client == SECONDS else SECONDS
    said = unit or unit_of_client
    if not said:
        return
    if said == MILLISECONDS and not unit and given < client.least:
        del made["timeout"]
        notes.append(
            f"timeout: {given:g} ms is below {client.least:g} ms, which {client.program} ignores; left out"
        )
        return
    _put(made, notes, "timeout", given / 1000 if said == MILLISECONDS else given, "timeout")


def _put(made: dict[str, Any], notes: list[str], key: str, seconds: float, source: str) -> None:
    if seconds > LONGEST_TIMEOUT:
        notes.append(
            f"{source}: {seconds:,.10g} s is longer than possible here; {LONGEST_TIMEOUT:,.0f} s are taken"
        )
        seconds = LONGEST_TIMEOUT
    written = written_timeout(seconds) if key == "timeout" else seconds
    if key != "timeout" or _seconds(made.get("timeout")) != seconds:
        made[key] = written


def _seconds(said: object) -> float | None:
    """What our own reading makes of it."""
    if not _number(said):
        return None
    number = float(said)  # type: ignore[arg-type]
    return number / 1000 if number >= MILLISECONDS_FROM else number


def _number(value: object) -> bool:
    return (
        isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 0
    )


def is_assumed(entry: Mapping[str, Any], client: Client, unit: str, certain: bool) -> bool:
    """Whether nobody said in which unit its limit is."""
    clear = _clear(entry) or not _number(entry.get("timeout"))
    return not (clear or unit or (client.unit and certain))

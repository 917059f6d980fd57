"""An entry in its client's terms to the same in ours. Keys are added or changed, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.clients import cautions, headers, limits, paths, values
from registry.core.clients.in_force import is_in_force
from registry.core.clients.recognition import ASIDE, MARK, evidence
from registry.core.clients.table import HTTP, OWN, SSE, Client, client_of, has_rules
from registry.core.documents.found import Choice, Found, Input
from registry.core.documents.trees import mapped
from registry.core.entries.transport import inferred

URLS = ("url", "httpUrl", "serverUrl", "http_url", "server_url", "uri")
_FILLED = ("command", "args", "env", "environment", "envs", "headers", "http_headers", "auth", "cwd", *URLS)


@dataclass(frozen=True, kw_only=True)
class Translation:
    """An entry in our terms. `notes` say what is to be known of it, `why` how its transport was told.

    `unit_assumed` and `transport_assumed`: nobody said which, and a person may know better.
    """

    entry: dict[str, Any]
    client: str = ""
    notes: tuple[str, ...] = ()
    inputs: Mapping[str, Input] = field(default_factory=dict)
    why: str = ""
    unit_assumed: bool = False
    transport_assumed: bool = False


def translated(item: Found, raw: Mapping[str, Any]) -> Translation:
    """What the entry means, to be stored; it is marked where it would be read otherwise the next time."""
    own = item.client == OWN or MARK in raw
    made = _Translator(raw, OWN if own else item.client, item).made(own)
    if MARK in raw:
        return made
    client, certain = evidence(made.entry)
    if (
        has_rules(client)
        or _reads_otherwise(made.entry, client, certain, item, made.entry == raw)
        or _brings_its_own(made.entry, item)
    ):
        made.entry[MARK] = item.client if item.client not in ("", OWN) else client
    return made


def _brings_its_own(entry: Mapping[str, Any], item: Found) -> bool:
    """Whether it has keys that mean nothing here, and whose they are is known from the document alone."""
    if not item.certain or item.client in ("", OWN):
        return False
    return any(key == ASIDE or not is_in_force(key, value, item.client) for key, value in entry.items())


def _reads_otherwise(
    entry: Mapping[str, Any], client: str, certain: bool, item: Found, unchanged: bool
) -> bool:
    """Whether the entry, coming alone in a plain document, would mean something else."""
    if unchanged and (client, certain, item.choice) == (item.client, item.certain, Choice()):
        return False
    alone = Found(name="", place=(), raw=None, client=client, certain=certain)
    return _Translator(entry, client, alone).made(False).entry != entry


def in_our_terms(raw: Mapping[str, Any]) -> dict[str, Any]:
    """An entry that comes alone, by the rules of the client whose keys it has."""
    client, certain = evidence(raw)
    item = Found(name="", place=(), raw=raw, client=client, certain=certain)
    return translated(item, raw).entry


class _Translator:
    def __init__(self, raw: Mapping[str, Any], key: str, item: Found) -> None:
        self.raw, self.entry, self.key, self.item = raw, dict(raw), key, item
        self.client: Client = client_of(key)
        self.choice: Choice = item.choice
        self.notes: list[str] = []
        self.inputs: dict[str, Input] = {}

    def made(self, own: bool) -> Translation:
        steps: tuple[Callable[[], None], ...] = (
            self._nested,
            self._spelled,
            self._aside,
            self._one_address,
            self._credentials,
            self._placeholders,
            self._limits,
            self._one_path,
            self._switch,
        )
        for step in () if own else steps:
            step()
        why, assumed = self._transport(own)
        unit_assumed = not own and limits.is_assumed(
            self.entry, self.client, self.choice.unit, self.item.certain
        )
        self.notes += cautions.of(self.entry, self.raw, self.client, self.item.outside)
        return Translation(
            entry=self.entry,
            client=str(self.entry.get(MARK) or self.key),
            notes=tuple(self.notes),
            inputs=self.inputs,
            why=why,
            unit_assumed=unit_assumed,
            transport_assumed=assumed,
        )

    def _nested(self) -> None:
        """A `transport` that holds what others have in the entry itself."""
        inner = self.entry.get("transport")
        if isinstance(inner, dict):
            outer = {key: value for key, value in self.entry.items() if key != "transport"}
            self.entry = {**inner, **outer}
            self.notes.append("transport: its content is read as part of the entry")

    def _spelled(self) -> None:
        reached = {"command", *URLS} & self.entry.keys()
        for given, usual in (("cmd", "command"), ("baseUrl", "url")):
            if isinstance(self.entry.get(given), str) and not reached:
                self.entry[usual] = self.entry[given]

    def _aside(self) -> None:
        """What its client does not read does nothing here either; where the client is a guess, it counts."""
        ignored = sorted(self.client.ignores & self.entry.keys()) if self.item.certain else []
        if ignored:
            before = self.entry.get(ASIDE)
            aside = {key: self.entry.pop(key) for key in ignored}
            self.entry[ASIDE] = {**(before if isinstance(before, dict) else {}), **aside}

    def _one_address(self) -> None:
        """Gemini CLI takes `httpUrl` before `url`."""
        if self.key == "gemini" and "httpUrl" in self.entry and "url" in self.entry:
            del self.entry["url"]
            self.notes.append("url: Gemini CLI takes httpUrl where both are given; url is left out")

    def _credentials(self) -> None:
        if self._url():
            self.entry = headers.with_headers(self.entry, self.key)
        self.entry = headers.with_variables(self.entry)

    def _placeholders(self) -> None:
        def respell(text: str) -> str:
            return values.respelled(text, bare=self.client.bare, ask=self.inputs.__setitem__)

        self.entry = {
            key: mapped(value, respell) if key in _FILLED else value for key, value in self.entry.items()
        }

    def _limits(self) -> None:
        made, notes = limits.with_limits(self.entry, self.client, self.choice.unit, self.item.certain)
        self.entry = made
        self.notes += notes

    def _one_path(self) -> None:
        command = self.entry.get("command")
        if not isinstance(command, str) or "args" in self.entry or not paths.is_path_like(command):
            return
        if paths.is_one_path(command):
            self.entry["args"] = []
        self.notes.append(paths.ONE_PATH if "args" in self.entry else paths.A_LINE)

    def _switch(self) -> None:
        """What outside of `disabled` and `enabled` keeps it from being started."""
        off = self.item.off
        if (
            not off
            and self.entry.get("isActive") is False
            and not {"disabled", "enabled"} & self.entry.keys()
        ):
            off = "isActive is false"
        if off and self.entry.get("enabled") is not None:
            self.entry["enabled"] = False
        elif off:
            self.entry["disabled"] = True
        if off:
            self.notes.append(f"is not started: {off}")

    def _url(self) -> str:
        return next((url for key in URLS if isinstance(url := self.entry.get(key), str)), "")

    def _transport(self, own: bool) -> tuple[str, bool]:
        """Why it is spoken to as it is, and whether that is a guess; `type` is set where we would differ."""
        if not self._url():
            return "it has a command", False
        said = next((key for key in ("type", "transport", "transportType") if self._says(key)), "")
        if self.choice.transport and not own:
            self._set(self.choice.transport)
            return "you chose it", True
        if self.client.fixed and not own:
            self._set(self.client.url, said)
            return f"{self.client.program} speaks it to every address", False
        if said:
            if said == "transportType" and not own:
                self.entry.setdefault("type", self.entry[said])
            return f"its {said} says so", False
        if "httpUrl" in self.entry or "http_url" in self.entry:
            return "httpUrl says so", False
        if self.client.url and not own and (self.item.certain or self.client.url != SSE):
            self._set(self.client.url)
            return f"{self.client.program} speaks it where no type is given", not self.item.certain
        sse = inferred(self._url()) != HTTP
        why = "its path has a segment sse" if sse else "no type is given"
        return why, True

    def _says(self, key: str) -> bool:
        said = self.entry.get(key)
        return isinstance(said, str) and said.strip().lower() not in ("", "remote", "url")

    def _set(self, transport: str, said: str = "") -> None:
        """Only where it would be read otherwise without."""
        if said or self.choice.transport or inferred(self._url()) != transport:
            self.entry.pop("transport", None)
            self.entry["type"] = transport

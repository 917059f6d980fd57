"""What a schema says of the properties of an object. Pure.

Where a schema names properties, a sender is taken to send no others unless they are expressly allowed:
otherwise every new optional property would break somebody who might have sent anything under that name. A
schema that names none leaves all of them to the sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.core.contract.schema_findings import Finding, Found, limited, unknown
from registry.core.contract.schema_position import Position
from registry.core.contract.schema_values import Schema

OBJECT = frozenset({"object"})
KEYWORDS = ("properties", "patternProperties", "additionalProperties", "required")


@dataclass(frozen=True)
class Side:
    """One schema's rules for properties. `beyond` is what it says of names that it does not name."""

    named: Mapping[str, Any]
    patterns: Mapping[str, Any]
    beyond: Any
    explicit: bool
    required: frozenset[str]
    names: bool

    def at_unnamed(self) -> Any:
        """The weakest rule that may hold for a name not in `properties`."""
        return True if self.patterns else self.beyond


def _side(schema: Schema) -> Side | None:
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    required = schema.get("required", [])
    if not isinstance(named, dict) or not isinstance(patterns, dict) or not isinstance(required, list):
        return None
    return Side(
        named=named,
        patterns=patterns,
        beyond=schema.get("additionalProperties", True),
        explicit="additionalProperties" in schema,
        required=frozenset(name for name in required if isinstance(name, str)),
        names="properties" in schema,
    )


def changes(here: Position, old: Schema, new: Schema) -> Found:
    """Names that both have, names that only one has, and all other names."""
    if not any(key in schema for key in KEYWORDS for schema in (old, new)):
        return []
    before, after = _side(old), _side(new)
    if before is None or after is None:
        if all((key in old) == (key in new) and here.same(old.get(key), new.get(key)) for key in KEYWORDS):
            return []
        return [unknown(here.at, "its properties changed, and cannot be read")]
    work = _Objects(here, before, after)
    found = [finding for name in _names(before, after) for finding in work.of_name(name)]
    return limited([*found, *work.of_patterns(), *work.of_others()], old, new, OBJECT)


def _names(before: Side, after: Side) -> list[str]:
    return list(
        dict.fromkeys([*before.named, *after.named, *sorted(before.required), *sorted(after.required)])
    )


@dataclass(frozen=True)
class _Objects:
    here: Position
    old: Side
    new: Side

    def of_name(self, name: str) -> Found:
        if name in self.old.named and name in self.new.named:
            inner = self.here.inner(self.old.named[name], self.new.named[name], self._at(name))
            return [*self._required(name), *inner]
        if name in self.new.named:
            return [self._added(name)]
        if name in self.old.named:
            return [self._removed(name), *self._required(name, gone=True)]
        return self._required(name)

    def _at(self, name: str) -> str:
        shown = name[:60] if name else '""'
        return f"{self.here.place}.{shown}" if self.here.place else shown

    def _required(self, name: str, gone: bool = False) -> Found:
        was, is_now = name in self.old.required, name in self.new.required
        if was == is_now:
            return []
        if gone and was:
            # Said by "removed" already; what may be missing now still widens.
            return []
        words = ("was required, is now optional", "was optional, is now required")
        return [Finding(place=self._at(name), text=words[is_now], narrows=is_now, widens=was)]

    def _added(self, name: str) -> Finding:
        """Named now: whoever may have sent it under no name is held to its schema."""
        schema, here = self.new.named[name], name in self.new.required
        owed = here and name not in self.old.required
        narrows, widens = owed, name in self.old.required and not here
        if (
            not self.old.names
            or self.old.explicit
            or self.old.patterns
            or self.here.strict
            or name in self.old.required
        ):
            narrows = narrows or self.here.narrows(self.old.at_unnamed(), schema)
        if self.old.patterns:
            widens = True
        elif self.old.explicit:
            widens = widens or self.here.widens(self.old.beyond, schema)
        text = "new, required" if here else "new, optional"
        if narrows and not owed:
            text += "; other values were possible under this name"
        return Finding(place=self._at(name), text=text, narrows=narrows, widens=widens)

    def _removed(self, name: str) -> Finding:
        """Named no more: what may come under this name now?"""
        schema, was = self.old.named[name], name in self.old.required
        here = name in self.new.required
        narrows, widens = here and not was, was and not here
        if self.new.patterns:
            narrows = True
        elif self.new.explicit:
            narrows = narrows or self.here.narrows(schema, self.new.beyond)
        if not self.new.names or self.new.explicit or self.new.patterns or self.here.strict or here:
            widens = widens or self.here.widens(schema, self.new.at_unnamed())
        refused = self.new.explicit and self.new.beyond is False
        text = "removed, and refused now" if refused else "removed"
        return Finding(place=self._at(name), text=text, narrows=narrows, widens=widens)

    def of_patterns(self) -> Found:
        old, new = self.old.patterns, self.new.patterns
        found: Found = []
        for pattern in old.keys() & new.keys():
            at = f"{self.here.place}.{{{pattern[:60]}}}" if self.here.place else f"{{{pattern[:60]}}}"
            found += self.here.inner(old[pattern], new[pattern], at)
        if old.keys() != new.keys():
            explicit = self.old.explicit or self.new.explicit
            lost, gained = bool(old.keys() - new.keys()), bool(new.keys() - old.keys())
            found.append(
                Finding(
                    place=self.here.at,
                    text="its rules for names by pattern changed",
                    narrows=gained or explicit,
                    widens=lost or explicit,
                )
            )
        return found

    def of_others(self) -> Found:
        """Names that neither schema names: here nothing is assumed."""
        at = f"{self.here.place}.*" if self.here.place else "*"
        inner = self.here.inner(self.old.beyond, self.new.beyond, at)
        if self.new.beyond is False and self.old.beyond is not False:
            return [Finding(place=self.here.at, text="other properties are refused now", narrows=True)]
        if self.old.beyond is False and self.new.beyond is not False:
            return [Finding(place=self.here.at, text="other properties are accepted now", widens=True)]
        return inner

"""Keywords that stand alone: types, values, limits, patterns, and those whose meaning is not known. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry.core.contract.schema_findings import Finding, Found, limited, unknown
from registry.core.contract.schema_position import Position
from registry.core.contract.schema_shapes import NEUTRAL, PROSE
from registry.core.contract.schema_values import (
    NUMBERS,
    Schema,
    is_number,
    named_types,
    number_word,
    quoted,
    type_words,
    values_of,
)
from registry.core.contract.schema_values import types_of as allowed

LOWEST = {
    "minLength": ("string", "the shortest length"),
    "minItems": ("array", "the fewest items"),
    "minProperties": ("object", "the fewest properties"),
}
HIGHEST = {
    "maxLength": ("string", "the longest length"),
    "maxItems": ("array", "the most items"),
    "maxProperties": ("object", "the most properties"),
}
# Rules of one keyword: a new one takes away, one that is gone lets in, another one may do both.
RULES: dict[str, frozenset[str] | None] = {
    "pattern": frozenset({"string"}),
    "format": None,
    "contentEncoding": frozenset({"string"}),
    "contentMediaType": frozenset({"string"}),
    "contentSchema": frozenset({"string"}),
    "multipleOf": NUMBERS,
    "uniqueItems": frozenset({"array"}),
    "not": None,
    "propertyNames": frozenset({"object"}),
    "dependentRequired": frozenset({"object"}),
    "dependentSchemas": frozenset({"object"}),
    "dependencies": frozenset({"object"}),
}
WORTH_NOTHING: dict[str, tuple[Any, ...]] = {"uniqueItems": (False,), "propertyNames": (True, {})}
NUMERIC = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
CONDITIONAL, CONTAINED = ("if", "then", "else"), ("contains", "minContains", "maxContains")
ELSEWHERE = frozenset(
    {"type", "enum", "const", "$schema", "anyOf", "oneOf"}
    | {"items", "prefixItems", "additionalItems"}
    | {"properties", "patternProperties", "additionalProperties", "required"}
)
KNOWN = (
    PROSE | NEUTRAL | ELSEWHERE | NUMERIC | LOWEST.keys() | HIGHEST.keys() | RULES.keys()
    | set(CONDITIONAL) | set(CONTAINED)
)  # fmt: skip


def changes(here: Position, old: Schema, new: Schema) -> Found:
    """All changes of these keywords."""
    at = here.at
    found = [*_types(old, new, at), *_values(old, new, at), *_limits(old, new, at), *_numbers(old, new, at)]
    for key in [key for key in RULES if key in old or key in new]:
        found += _rule(here, key, old, new)
    for group in (CONDITIONAL, CONTAINED):
        if any(key in schema for key in group for schema in (old, new)):
            found += _group(here, group, old, new)
    for key in sorted((old.keys() | new.keys()) - KNOWN):
        if (key in old) != (key in new) or not here.same(old[key], new[key]):
            found.append(unknown(at, f"{key[:80]!r} changed, and what that means is not known"))
    return found


def prose(here: Position, old: Schema, new: Schema) -> Iterator[Finding]:
    """Words, and what changes no instance."""
    at = here.at
    for key in sorted((old.keys() | new.keys()) & PROSE):
        if (key in old) != (key in new) or not here.same(old[key], new[key]):
            yield Finding(place=at, text=f"its {key.strip('$')} changed", prose=True)
    if ("default" in old) != ("default" in new) or not here.same(old.get("default"), new.get("default")):
        words = [quoted([schema["default"]]) if "default" in schema else "none" for schema in (old, new)]
        yield Finding(place=at, text=f"default was {words[0]}, is now {words[1]}")


def _types(old: Schema, new: Schema, at: str) -> Iterator[Finding]:
    if old.get("type") == new.get("type") and ("type" in old) == ("type" in new):
        return
    if named_types(old) is None or named_types(new) is None:
        yield unknown(at, "its type changed, and cannot be read")
        return
    before, after = allowed(old), allowed(new)
    lost, gained = before - after, after - before
    if lost or gained:
        text = f"was {type_words(before)}, is now {type_words(after)}"
        yield Finding(place=at, text=text, narrows=bool(lost), widens=bool(gained))


def _values(old: Schema, new: Schema, at: str) -> Iterator[Finding]:
    before, after = values_of(old), values_of(new)
    if any("enum" in schema and not isinstance(schema["enum"], list) for schema in (old, new)):
        if old.get("enum") != new.get("enum"):
            yield unknown(at, "its enum changed, and cannot be read")
    elif before is None and after is not None:
        yield Finding(place=at, text=f"is now limited to {quoted(after.values())}", narrows=True)
    elif before is not None and after is None:
        text = f"is no longer limited to {quoted(before.values())}"
        yield Finding(place=at, text=text, widens=True)
    elif before is not None and after is not None:
        lost = [value for key, value in before.items() if key not in after]
        gained = [value for key, value in after.items() if key not in before]
        if lost:
            yield Finding(place=at, text=f"no longer takes {quoted(lost)}", narrows=True)
        if gained:
            yield Finding(place=at, text=f"now also takes {quoted(gained)}", widens=True)


def _limits(old: Schema, new: Schema, at: str) -> Iterator[Finding]:
    for table, sign in ((LOWEST, 1), (HIGHEST, -1)):
        for key, (kind, label) in table.items():
            if (key in old or key in new) and (old.get(key) != new.get(key) or (key in old) != (key in new)):
                yield from limited([_limit(key, label, sign, old, new, at)], old, new, frozenset({kind}))


def _limit(key: str, label: str, sign: int, old: Schema, new: Schema, at: str) -> Finding:
    if any(key in schema and not is_number(schema[key]) for schema in (old, new)):
        return unknown(at, f"{key} changed, and cannot be read")
    words = [number_word(schema[key]) if key in schema else "not limited" for schema in (old, new)]
    ends = [_end(schema.get(key), sign) for schema in (old, new)]
    text = f"{label} was {words[0]}, is now {words[1]}"
    return Finding(place=at, text=text, narrows=ends[1] > ends[0], widens=ends[1] < ends[0])


def _end(limit: float | None, sign: int) -> float:
    """Higher is stricter."""
    if limit is None:
        return 0.0 if sign > 0 else -float("inf")
    return max(limit, 0) if sign > 0 else -limit


def _numbers(old: Schema, new: Schema, at: str) -> Iterator[Finding]:
    if all(old.get(key) == new.get(key) and (key in old) == (key in new) for key in NUMERIC):
        return
    if any(key in schema and not is_number(schema[key]) for key in NUMERIC for schema in (old, new)):
        yield unknown(at, "its limits changed, and cannot be read")
        return
    sides = (("minimum", "exclusiveMinimum", 1, "lowest"), ("maximum", "exclusiveMaximum", -1, "highest"))
    for inclusive, exclusive, sign, label in sides:
        before, after = (_bound(schema, inclusive, exclusive, sign) for schema in (old, new))
        if before != after:
            text = f"the {label} value was {_named(before, sign)}, is now {_named(after, sign)}"
            found = Finding(place=at, text=text, narrows=after > before, widens=after < before)
            yield from limited([found], old, new, NUMBERS)


def _bound(schema: Schema, inclusive: str, exclusive: str, sign: int) -> tuple[float, bool]:
    """The stricter of the two limits, mirrored for upper ones so that higher is stricter."""
    found = [(-float("inf"), False)]
    if inclusive in schema:
        found.append((sign * schema[inclusive], False))
    if exclusive in schema:
        found.append((sign * schema[exclusive], True))
    return max(found)


def _named(bound: tuple[float, bool], sign: int) -> str:
    value, beyond = bound
    if value == -float("inf"):
        return "not limited"
    shown = number_word(sign * value)
    return f"{'above' if sign > 0 else 'below'} {shown}" if beyond else shown


def _rule(here: Position, key: str, old: Schema, new: Schema) -> Found:
    nothing = WORTH_NOTHING.get(key, ())
    before = key in old and not any(old[key] is value or old[key] == value == {} for value in nothing)
    after = key in new and not any(new[key] is value or new[key] == value == {} for value in nothing)
    if not (before or after) or (before and after and here.same(old[key], new[key])):
        return []
    if before and after:
        narrows, widens = not (key == "multipleOf" and _divides(new[key], old[key])), True
        text = f"{key} was {_shown(old[key])}, is now {_shown(new[key])}"
    else:
        narrows, widens = after, before
        text = f"{key} {_shown(new[key])} is asked for now" if after else f"{key} is no longer asked for"
    group = RULES[key]
    found = [Finding(place=here.at, text=text, narrows=narrows, widens=widens)]
    return found if group is None else limited(found, old, new, group)


def _divides(small: Any, large: Any) -> bool:
    """Whole numbers alone: with fractions the arithmetic would decide."""
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (small, large))
    return whole and small > 0 and large % small == 0


def _shown(value: Any) -> str:
    return str(value)[:60] if isinstance(value, str) else quoted([value])


def _group(here: Position, keys: tuple[str, ...], old: Schema, new: Schema) -> Found:
    before, after = ({key: schema[key] for key in keys if key in schema} for schema in (old, new))
    if here.same(before, after):
        return []
    lead = keys[0]
    if lead not in before and lead not in after:
        return []
    text = f"the rule of {'/'.join(key for key in keys if key in before or key in after)} changed"
    return [unknown(here.at, text)]

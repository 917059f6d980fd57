"""Arguments held against a tool's schema by `jsonschema`, with an end to it whatever a server wrote there.

The schema is a stranger's: its references are followed within it alone, not more often than we can wait for,
and a pattern that might take for ever is left to the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jsonschema import FormatChecker, validators
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

MOST_REFERENCES: Final = 20_000
MOST_PROBLEMS: Final = 50
LONGEST_MATCHED: Final = 500
MOST_REPEATS: Final = 3
_REPEATED_GROUP: Final = re.compile(r"\)\s*[*+{]")
_REPEAT: Final = re.compile(r"(?<!\\)[*+]|\{\d*,\}")
Location = tuple[str | int, ...]


class _TooMuchError(Exception):
    """References upon references: nobody waits for the end of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong at one place: the keyword that is not met, its value, and the words of the library."""

    location: Location
    keyword: str
    wanted: Any
    message: str


def _date_time(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo)


FORMATS: Final = FormatChecker(("date", "email", "ipv4", "ipv6", "uuid", "time"))
FORMATS.checks("date-time", raises=ValueError)(_date_time)


def problems(schema: Any, value: Any, chosen: Callable[[Location], int] = lambda _: -1) -> list[Problem]:
    """Where the value does not fit; empty too where that cannot be found out.

    *chosen* says which of the variants at a place the person means, so that they hear about that one.
    """
    known = schema if isinstance(schema, dict) else {}
    try:
        checker = _validator(known)
        found = [one for error in checker.iter_errors(value) for one in _said(error, chosen)]
    except (_TooMuchError, RecursionError, Unresolvable, SchemaError, TypeError, ValueError, AttributeError):
        return []
    return list({(one.location, one.keyword): one for one in found}.values())[:MOST_PROBLEMS]


def _validator(schema: Mapping[str, Any]) -> Any:
    base: Any = validators.validator_for(schema, default=validators.validator_for({}))
    left = [MOST_REFERENCES]
    counted = {
        key: _counted(base.VALIDATORS[key], left)
        for key in ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf")
        if key in base.VALIDATORS
    }
    bounded: Any = validators.extend(base, counted | {"pattern": _pattern, "patternProperties": _by_pattern})
    return bounded(schema, registry=Registry(), format_checker=FORMATS)


def _counted(check: Any, left: list[int]) -> Any:
    def counting(*given: Any) -> Iterator[ValidationError]:
        left[0] -= 1
        if left[0] < 0:
            raise _TooMuchError
        yield from check(*given) or ()

    return counting


def _pattern(_validator: Any, pattern: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and _matches(pattern, value) is False:
        yield ValidationError(f"does not match {pattern!r}")


def _by_pattern(validator: Any, patterns: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, dict) or not isinstance(patterns, dict):
        return
    for pattern, schema in patterns.items():
        for key, item in value.items():
            if _matches(pattern, key):
                yield from validator.descend(item, schema, path=key, schema_path=pattern)


def _matches(pattern: Any, text: str) -> bool | None:
    """None where that is left to the server: a pattern not of ours, or one that may take for ever."""
    if not isinstance(pattern, str) or len(text) > LONGEST_MATCHED or _REPEATED_GROUP.search(pattern):
        return None
    if len(_REPEAT.findall(pattern)) > MOST_REPEATS:
        return None
    try:
        return re.search(pattern, text) is not None
    except (re.error, RecursionError, OverflowError):
        return None


def _said(error: ValidationError, chosen: Callable[[Location], int]) -> Iterator[Problem]:
    """The error as problems: of choices those of the one that is meant, of what is missing one for each."""
    location: Location = tuple(error.absolute_path)
    keyword, wanted = str(error.validator), error.validator_value
    if keyword in ("anyOf", "oneOf") and error.context:
        if meant := _meant(error, chosen(location)):
            for inner in meant:
                yield from _said(inner, chosen)
            return
    elif keyword == "required" and isinstance(wanted, list) and isinstance(error.instance, dict):
        for key in wanted:
            if key not in error.instance:
                yield Problem(location=(*location, key), keyword=keyword, wanted=key, message=error.message)
        return
    yield Problem(location=location, keyword=keyword, wanted=wanted, message=error.message)


def _meant(error: ValidationError, chosen: int) -> list[ValidationError]:
    """The errors of the variant that was chosen; else of the only one that is not about null."""
    by_branch: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        by_branch.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    if chosen in by_branch:
        return by_branch[chosen]
    rest = [errors for errors in by_branch.values() if not _about_null(errors)]
    return rest[0] if len(rest) == 1 else []


def _about_null(errors: list[ValidationError]) -> bool:
    return len(errors) == 1 and errors[0].validator == "type" and errors[0].validator_value == "null"

"""One state of the playground: the form and the JSON of the same arguments, and what is wrong with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lifecycle.core.lists import argument_draft
from lifecycle.core.playground import beginning, changing, reading
from lifecycle.core.playground.building import build
from lifecycle.core.playground.changing import Focus
from lifecycle.core.playground.fields import Field, Typed, secret
from lifecycle.core.playground.kinds import ABSENT, Kind, as_text
from lifecycle.tools.playground.validation import Location, Problem, problems
from registry.core.entries.filling import MASK

LONGEST: Final = 500_000
Posted = Mapping[str, str]


class NotArgumentsError(ValueError):
    """The JSON is none, or no object; the text of it is kept as it was typed."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


@dataclass(frozen=True, kw_only=True)
class Session:
    """`rebuilt`: the form that the browser shows is not this one any more; `from_json`: but the JSON is."""

    value: dict[str, Any]
    form: Field
    shown: str
    """The arguments as JSON, with dots for what is typed as a password."""
    stands_for: str
    """The digest of the JSON that this form says the same as."""
    problems: list[Problem]
    typing: Mapping[str, str] = field(default_factory=dict)
    focus: Focus = field(default_factory=Focus)
    rebuilt: bool = False
    from_json: bool = False

    @property
    def places(self) -> dict[Location, Field]:
        """The fields by where their values are in the arguments."""
        return dict(located(self.form))


def begin(schema: Any, value: dict[str, Any] | None = None) -> Session:
    """With a draft that the schema accepts, if there is a simple one, or with arguments used before."""
    if value is None:
        plain = argument_draft.draft(schema)
        full = beginning.with_defaults(schema, plain)
        value = plain if problems(schema, full) and not problems(schema, plain) else full
    return _session(schema, value)


def go_on(schema: Any, posted: Posted, action: str = "") -> Session:
    """From what was posted: the JSON where that was changed since it was last shown, else the form.

    NotArgumentsError where the JSON was changed into something else.
    """
    root = reading.tree(posted.items())
    text = posted.get("arguments", "")
    if not root.said or digest(text) != posted.get("shown"):
        return _from_json(schema, text, root)
    switched = changing.change(schema, root, action)
    rebuilt = bool(action) or switched.path != ""
    found = reading.read(root)
    value = found.value if isinstance(found.value, dict) else {}
    made = _session(schema, value, typed=found.typed, typing=found.problems, focus=switched)
    return replace(made, rebuilt=rebuilt)


def _from_json(schema: Any, text: str, root: reading.Node) -> Session:
    value = parsed(text)
    before = reading.read(root).value if root.said else {}
    if isinstance(before, dict):
        for place, _field in hidden(build(schema, before)):
            _put_back(value, before, place)
    return replace(_session(schema, value), rebuilt=True, from_json=True, stands_for=digest(text))


def parsed(text: str) -> dict[str, Any]:
    """The JSON object that was typed."""
    if len(text) > LONGEST:
        raise NotArgumentsError("too long")
    try:
        given = reading.strict(text or "{}")
    except json.JSONDecodeError as exc:
        raise NotArgumentsError(f"line {exc.lineno}, column {exc.colno}: {exc.msg}") from None
    except (ValueError, RecursionError) as exc:
        raise NotArgumentsError(
            "too deep" if isinstance(exc, RecursionError) else f"{exc} is no JSON"
        ) from None
    if not isinstance(given, dict):
        raise NotArgumentsError("")
    return given


def _session(schema: Any, value: dict[str, Any], **about: Any) -> Session:
    typed: Typed | None = about.pop("typed", None)
    form = build(schema, value, typed)
    places = dict(located(form))

    def chosen(location: Location) -> int:
        found = places.get(location)
        options = found.options if found is not None and found.kind is Kind.VARIANTS else []
        return next((at for at, option in enumerate(options) if option.chosen), -1)

    shown, wrong = _masked(value, form), problems(schema, value, chosen)
    return Session(value=value, form=form, shown=shown, stands_for=digest(shown), problems=wrong, **about)


def located(one: Field, at: Location = ()) -> Iterator[tuple[Location, Field]]:
    """Each field with where its value is; of a variant the choice, which comes first."""
    yield at, one
    for child in one.children:
        if one.kind is Kind.VARIANTS:
            inner = iter(located(child, at))
            next(inner)
            yield from inner
        else:
            yield from located(child, (*at, child.where.at if child.where.in_list else child.where.key))


def hidden(form: Field) -> Iterator[tuple[Location, Field]]:
    """The fields of texts that are not to be read over somebody's shoulder."""
    for at, one in located(form):
        inner = one.children[0] if one.kind is Kind.VARIANTS and one.children else one
        if inner.kind is Kind.TEXT and inner.text and secret(inner.spec, inner.where.key):
            yield at, inner


def _masked(value: dict[str, Any], form: Field) -> str:
    shown = json.loads(json.dumps(value))
    for at, _field in hidden(form):
        put(shown, at, MASK)
    return as_text(shown)


def _at(value: Any, place: Location) -> Any:
    for step in place:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return value


def put(value: Any, place: Location, new: Any) -> None:
    """Another value at a place that there is."""
    inner = _at(value, place[:-1])
    if place and _at(value, place) is not ABSENT:
        inner[place[-1]] = new


def _put_back(value: Any, before: Any, place: Location) -> None:
    """The dots in the JSON stand for what the form has at the same place."""
    if _at(value, place) == MASK:
        put(value, place, _at(before, place))


def digest(text: str) -> str:
    """Of the JSON as it was typed: a browser changes line breaks, and those at its ends."""
    return hashlib.sha256(text.replace("\r\n", "\n").strip("\n").encode("utf-8", "replace")).hexdigest()[:32]

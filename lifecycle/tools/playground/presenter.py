"""The fields of a form in words, each with the ids and names that its template writes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.core.playground import reading
from lifecycle.core.playground.fields import Field, Option
from lifecycle.core.playground.kinds import Kind, in_line
from lifecycle.tools.playground.session import Session
from lifecycle.tools.playground.validation import Location, Problem
from lifecycle.tools.presenter import clip

LONGEST_HELP: Final = 600
FEW: Final = 4
KINDS: Final[Mapping[str, str | Promise]] = {
    "string": lazy("Text"),
    "number": lazy("Number"),
    "integer": lazy("Whole number"),
    "boolean": lazy("Boolean"),
    "array": lazy("List"),
    "object": lazy("Object"),
    "null": lazy("Nothing (null)"),
    "json": lazy("JSON"),
}
TYPING: Final[Mapping[str, str | Promise]] = {
    reading.NOT_JSON: lazy("This is not valid JSON."),
    reading.NO_NAME: lazy("Give this property a name."),
    reading.SAME_NAME: lazy("Another property has this name."),
}
WORDS: Final[Mapping[str, str | Promise]] = {
    "required": lazy("This is required."),
    "enum": lazy("Choose one of the values."),
    "const": lazy("Only one value is allowed here."),
    "pattern": lazy("This must match the pattern %(wanted)s."),
    "minimum": lazy("This must be at least %(wanted)s."),
    "maximum": lazy("This must be at most %(wanted)s."),
    "exclusiveMinimum": lazy("This must be more than %(wanted)s."),
    "exclusiveMaximum": lazy("This must be less than %(wanted)s."),
    "multipleOf": lazy("This must be a multiple of %(wanted)s."),
    "minLength": lazy("Use at least %(wanted)s characters."),
    "maxLength": lazy("Use at most %(wanted)s characters."),
    "minItems": lazy("Use at least %(wanted)s items."),
    "maxItems": lazy("Use at most %(wanted)s items."),
    "uniqueItems": lazy("Items must be unique."),
    "format": lazy("This must have the format %(wanted)s."),
    "additionalProperties": lazy("The tool does not accept this property."),
    "anyOf": lazy("This matches none of the options."),
    "oneOf": lazy("This must match exactly one of the options."),
}
TYPES: Final[Mapping[str, str | Promise]] = {
    "string": lazy("This must be text."),
    "number": lazy("This must be a number."),
    "integer": lazy("This must be a whole number."),
    "boolean": lazy("This must be true or false."),
    "array": lazy("This must be a list."),
    "object": lazy("This must be an object."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldView:
    """One field as its template shows it; *html_id* is the stem of all its ids."""

    field: Field
    html_id: str
    label: str
    title: str
    help: str
    limits: list[str]
    wrong: list[str]
    focus: str
    options: list[Option]
    fixed: str
    children: list[FieldView]
    inner: bool
    """Whether it is the chosen variant of the field around it, whose label is its own."""

    @property
    def kind(self) -> str:
        """The name of its kind, and of the part of the template."""
        return self.field.kind.value

    @property
    def path(self) -> str:
        """What the names of its controls end with."""
        return self.field.path

    @property
    def select(self) -> bool:
        """Whether there is too much to choose from for buttons."""
        return len(self.options) > FEW or any(len(one.label) > 24 for one in self.options)

    @property
    def removable(self) -> bool:
        """Whether it may be taken away: an item, a row, or what is optional and there."""
        where = self.field.where
        boxed = self.field.kind in (Kind.ARRAY, Kind.OBJECT, Kind.SEVERAL)
        return where.in_list or where.row or (boxed and not where.required and self.field.present)

    @property
    def labelled(self) -> bool:
        """Whether its label is of one control; else it is the legend of several."""
        return self.kind in ("text", "number", "json") or (self.kind in ("choice",) and self.select)


@dataclass(frozen=True, kw_only=True)
class FormView:
    """The form, and how many problems there are."""

    root: FieldView
    slots: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Everything that is wrong."""
        return sum(len(wrong) for _id, wrong in self.slots)


def view(session: Session, stem: str) -> FormView:
    """The form of a session; *stem* tells the ids of one tool's form from those of another."""
    wrong: dict[str, list[str]] = {path: [str(TYPING[code])] for path, code in session.typing.items()}
    places = session.places
    for problem in session.problems:
        path = _nearest(places, problem.location)
        if path not in session.typing:
            wrong.setdefault(path, []).append(sentence(problem))
    root = _Views(session, stem, wrong).view(session.form)
    return FormView(root=root, slots=list(_slots(root)))


def _nearest(places: Mapping[Location, Field], at: Location) -> str:
    """The field of that place, or the one around it."""
    while at and at not in places:
        at = at[:-1]
    return places[at].path


def _slots(one: FieldView) -> Iterator[tuple[str, list[str]]]:
    seen = set()
    for view in _every(one):
        if view.html_id not in seen:
            seen.add(view.html_id)
            yield view.html_id, view.wrong


def _every(one: FieldView) -> Iterator[FieldView]:
    yield one
    for child in one.children:
        yield from _every(child)


def sentence(problem: Problem) -> str:
    """The problem in the person's language, where it is a common one."""
    if problem.keyword == "type" and isinstance(problem.wanted, str) and problem.wanted in TYPES:
        return str(TYPES[problem.wanted])
    if problem.keyword in WORDS:
        return str(WORDS[problem.keyword]) % {"wanted": clip(_plain(problem.wanted), 80)}
    return clip(problem.message, 200)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else in_line(value)


class _Views:
    def __init__(self, session: Session, stem: str, wrong: Mapping[str, list[str]]) -> None:
        self._session, self._stem, self._wrong = session, stem, wrong

    def view(self, one: Field, inner: bool = False) -> FieldView:
        where, spec, focus = one.where, one.spec, self._session.focus
        variants = one.kind is Kind.VARIANTS
        return FieldView(
            field=one,
            html_id=html_id(self._stem, one.path),
            label=_item(where.at) if where.in_list else clip(where.key, 80),
            title="" if inner else _title(spec, where.key),
            help="" if inner and not one.children else clip(_said(spec, "description"), LONGEST_HELP),
            limits=limits(one),
            wrong=[] if inner else self._wrong.get(one.path, []),
            focus=focus.what if focus.path == one.path and not inner else "",
            options=[_named(option) if variants else option for option in one.options],
            fixed=in_line(one.spec.get("const")) if one.kind is Kind.FIXED else "",
            children=[self.view(child, inner=variants) for child in one.children],
            inner=inner,
        )


def html_id(stem: str, path: str) -> str:
    """An id for a field: of letters and digits alone, whatever a property is called."""
    return f"{stem}-{hashlib.blake2s(path.encode(), digest_size=5).hexdigest()}"


def _item(at: int) -> str:
    return _("Item %(n)s") % {"n": at + 1}


def _named(option: Option) -> Option:
    label = str(KINDS.get(option.label, option.label))
    return Option(value=option.value, label=clip(label, 80), chosen=option.chosen)


def _said(spec: Mapping[str, Any], key: str) -> str:
    value = spec.get(key)
    return value.strip() if isinstance(value, str) else ""


def _title(spec: Mapping[str, Any], key: str) -> str:
    """The title where it says more than the name."""
    title = _said(spec, "title")
    same = "".join(title.lower().split()) == key.lower().replace("_", "").replace("-", "")
    return "" if same else clip(title, 80)


def limits(one: Field) -> list[str]:
    """What the value has to keep to, in a few words."""
    spec = one.spec
    match one.kind:
        case Kind.NUMBER:
            kind = [str(KINDS["integer"])] if spec.get("type") == "integer" else []
            return [
                *kind,
                *_between(spec, "exclusiveMinimum", "exclusiveMaximum", True),
                *_between(spec, "minimum", "maximum"),
            ]
        case Kind.TEXT:
            form = [spec["format"]] if isinstance(spec.get("format"), str) else []
            return [
                *form,
                *(
                    _("%(range)s characters") % {"range": part}
                    for part in _between(spec, "minLength", "maxLength")
                ),
            ]
        case Kind.ARRAY:
            return [_("%(range)s items") % {"range": part} for part in _between(spec, "minItems", "maxItems")]
    return []


def _between(spec: Mapping[str, Any], low: str, high: str, apart: bool = False) -> list[str]:
    least, most = (spec.get(key) if _is_number(spec.get(key)) else None for key in (low, high))
    if least is not None and most is not None and not apart and abs(most) < 10**15:
        return [f"{least} – {most}"]
    found = [f"{'>' if apart else '≥'} {least}"] if least is not None and abs(least) < 10**15 else []
    return found + ([f"{'<' if apart else '≤'} {most}"] if most is not None and abs(most) < 10**15 else [])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

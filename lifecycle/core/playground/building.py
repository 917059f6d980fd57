"""Builds the form of a schema and a value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from lifecycle.core.lists import argument_draft
from lifecycle.core.playground import fields
from lifecycle.core.playground.fields import Field, Option, Typed, Where, segment
from lifecycle.core.playground.kinds import ABSENT, Kind, as_text, in_line, is_json_equal, kind_of
from lifecycle.core.playground.resolving import Root, TooMuchError, listed, mapped
from lifecycle.core.playground.shapes import Shape, fit, item_schema, row_schema, shape, takes_rows, words

MOST_FIELDS: Final = 400
MOST_ITEMS: Final = 100
DEEPEST: Final = 12
NOT_SENT: Final = "-"
SHOWN_AS = {
    Kind.TEXT: str, Kind.BOOLEAN: bool, Kind.OBJECT: dict, Kind.ARRAY: list, Kind.NUMBER: int | float,
}  # fmt: skip


def build(schema: Any, value: Any, typed: Typed | None = None) -> Field:
    """The form of a tool's arguments: the same for the same schema, value and typed texts."""
    try:
        return _Builder(schema, typed or Typed()).field(schema, value, Where())
    except (TooMuchError, RecursionError):
        return Field(kind=Kind.JSON, where=Where(), spec={}, text=as_text(value))


class _Builder:
    def __init__(self, root: Any, typed: Typed) -> None:
        self._root, self._typed, self._left = Root(root), typed, MOST_FIELDS

    def field(self, schema: Any, value: Any, where: Where) -> Field:
        return self._of(shape(schema, self._root), schema, value, where)

    def _of(self, one: Shape, schema: Any, value: Any, where: Where) -> Field:
        self._left -= 1
        if self._left < 0 or where.path.count("/") > DEEPEST:
            one = replace(one, kind=Kind.JSON)
        if value is None and one.nullable:
            value, null = ABSENT, True
        else:
            null = False
        made = self._made(one, schema, value, where)
        return replace(made, null=null, nullable=one.nullable, present=value is not ABSENT)

    def _made(self, one: Shape, schema: Any, value: Any, where: Where) -> Field:
        bare = Field(kind=one.kind, where=where, spec=one.spec)
        if where.path in self._typed.raw and one.kind in (Kind.NUMBER, Kind.JSON):
            return replace(bare, text=self._typed.raw[where.path])
        if value is not ABSENT and not _shows(one, value):
            return self._json(bare, value)
        match one.kind:
            case Kind.TEXT:
                return self._text(bare, value)
            case Kind.NUMBER | Kind.BOOLEAN:
                return replace(bare, text="" if value is ABSENT else in_line(value))
            case Kind.FIXED:
                return replace(bare, text=in_line(one.fixed))
            case Kind.CHOICE:
                return replace(bare, options=[_option(option, value) for option in one.options])
            case Kind.ARRAY:
                return self._array(replace(bare, fresh=self._fresh(schema, [])), value)
            case Kind.OBJECT:
                return self._object(replace(bare, fresh=self._fresh(schema, {})), value)
            case Kind.VARIANTS:
                return self._variants(one, bare, value)
        return self._json(bare, value)

    def _json(self, bare: Field, value: Any) -> Field:
        return replace(bare, kind=Kind.JSON, text="" if value is ABSENT else as_text(value))

    def _text(self, bare: Field, value: Any) -> Field:
        text = "" if value is ABSENT else str(value)
        shown = fields.control(bare.spec, bare.where.key, text)
        return replace(bare, text=text, empty=value == "" and not bare.where.required, control=shown)

    def _draft(self, schema: Any) -> Any:
        return argument_draft.value(schema, self._root.document)

    def _fresh(self, schema: Any, otherwise: Any) -> Any:
        found = self._draft(schema)
        return found if isinstance(found, type(otherwise)) else otherwise

    def _array(self, bare: Field, value: Any) -> Field:
        one = shape(item_schema(bare.spec, 0), self._root)
        unique = bare.spec.get("uniqueItems") is True and one.kind is Kind.CHOICE
        if unique and (several := _several(bare, one, value)) is not None:
            return several
        items = [] if value is ABSENT else value
        children = [
            self.field(item_schema(bare.spec, at), item, bare.where.below(str(at), at=at, of=len(items)))
            for at, item in enumerate(items)
        ]
        following = item_schema(bare.spec, len(items))
        adds = following is not False and len(items) < MOST_ITEMS
        fresh = bare.fresh if value is ABSENT else self._draft(following)
        return replace(bare, children=children, adds=adds, fresh=fresh)

    def _object(self, bare: Field, value: Any) -> Field:
        if value is ABSENT:
            return bare
        known, needed = mapped(bare.spec.get("properties")), listed(bare.spec.get("required"))
        named = [
            self.field(
                about, value.get(key, ABSENT), bare.where.below(segment(key), key=key, required=key in needed)
            )
            for key, about in known.items()
        ]
        rows, adds = self._rows(bare, {key: item for key, item in value.items() if key not in known})
        fresh = self._draft(self._row_schema(bare)) if adds else bare.fresh
        return replace(bare, children=[*named, *rows], adds=adds, fresh="" if fresh is None else fresh)

    def _row_schema(self, bare: Field) -> Any:
        found = row_schema(bare.spec)
        return found if isinstance(found, dict) else {}

    def _rows(self, bare: Field, others: dict[str, Any]) -> tuple[list[Field], bool]:
        about = self._row_schema(bare)
        rows = [
            self.field(about, item, bare.where.below(f"+{at}", key=key, row=True))
            for at, (key, item) in enumerate(others.items())
        ]
        return rows, takes_rows(bare.spec) and len(rows) < MOST_ITEMS

    def _variants(self, one: Shape, bare: Field, value: Any) -> Field:
        chosen, fresh = (
            self._chosen(one, bare.where, value),
            [self._draft(each.spec) for each in one.variants],
        )
        options = [
            Option(value=str(at), label=_label(each), chosen=at == chosen)
            for at, each in enumerate(one.variants)
        ]
        if chosen < 0:
            return replace(bare, options=options, fresh=fresh)
        inner, where = one.variants[chosen], replace(bare.where, required=True)
        child = self._of(replace(inner, nullable=False), inner.spec, value, where)
        return replace(bare, options=options, children=[child], fresh=fresh)

    def _chosen(self, one: Shape, where: Where, value: Any) -> int:
        """What the person chose, if the value can be shown so; else the variant that fits best."""
        if value is ABSENT:
            return -1 if not where.required or one.nullable else 0
        given = self._typed.choices.get(where.path, "")
        if given.isdigit() and int(given) < len(one.variants) and _shows(one.variants[int(given)], value):
            return int(given)
        scores = [fit(each, value, self._root) for each in one.variants]
        return scores.index(max(scores))


def _shows(one: Shape, value: Any) -> bool:
    """Whether a field of that kind shows the value, and gives the same again."""
    if one.kind in SHOWN_AS:
        if not isinstance(value, SHOWN_AS[one.kind]) or (one.kind is Kind.NUMBER and isinstance(value, bool)):
            return False
        if isinstance(value, str):
            return "\r" not in value and "\0" not in value
        return not isinstance(value, list) or len(value) <= MOST_ITEMS
    if one.kind is Kind.FIXED:
        return is_json_equal(value, one.fixed)
    return one.kind is not Kind.CHOICE or any(is_json_equal(value, option) for option in one.options)


def _option(option: Any, value: Any) -> Option:
    label = option if isinstance(option, str) else in_line(option)
    return Option(
        value=in_line(option), label=label, chosen=value is not ABSENT and is_json_equal(option, value)
    )


def _several(bare: Field, one: Shape, value: Any) -> Field | None:
    """Boxes to tick, where the value is some of the options in their order."""
    given = [] if value is ABSENT else value
    options = [
        replace(_option(option, ABSENT), chosen=any(is_json_equal(option, item) for item in given))
        for option in one.options
    ]
    ticked = [option.value for option in options if option.chosen]
    if ticked != [in_line(item) for item in given]:
        return None
    return replace(bare, kind=Kind.SEVERAL, options=options)


def _label(one: Shape) -> str:
    """What tells a variant from the others: its title, its own word, its name, or its kind."""
    title = one.spec.get("title")
    own = next(iter(words(one.spec)), "")
    if one.kind is Kind.FIXED:
        return str(one.fixed)
    return own or (title if isinstance(title, str) else "") or one.name or kind_name(one)


def kind_name(one: Shape) -> str:
    """A word of JSON Schema, which the presenter says in the person's language."""
    if one.kind is Kind.JSON:
        return "json"
    return str(one.spec.get("type") or kind_of(one.options[0] if one.options else None))

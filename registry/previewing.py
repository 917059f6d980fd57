"""What a document would do, entry by entry, before anything is saved. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from registry import dependencies, likeness, mcpjson, storing, written
from registry.core import comparing, correcting, filling, names, reading
from registry.core import entry as entries
from registry.core.comparing import Line
from registry.core.correcting import Correction
from registry.core.dialects import Document, Found
from registry.core.places import shorten, show
from registry.errors import InvalidConfigError
from registry.models import Desired, Role, Service
from registry.plan import Plan
from registry.planning import Named, Planner, name_all
from registry.registration import PART, Source, called, read, unknown


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a preview: added, changed, unchanged, invalid, or asks for values.

    `number` is the entry's in the document, `notes` say what was understood otherwise than it is written.
    """

    number: int
    name: str
    outcome: str
    where: str
    transport: str
    endpoint: str
    problem: InvalidConfigError | None
    asks: list[str]
    suggestion: str
    notes: list[str]
    item: Found | None = field(default=None, repr=False)
    before: str = ""
    after: str = ""

    @property
    def lines(self) -> list[Line]:
        """What changes in the entry; values are hidden, so that a change of one alone shows no line."""
        return comparing.compared(self.before, self.after) if self.before else []

    @property
    def text(self) -> str:
        """The entry as a text to correct, its values hidden."""
        return correcting.shown(self.item) if self.item else ""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A value to be given before an entry can be saved; `secret` is false where the document says so."""

    name: str
    description: str
    secret: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What saving would do. `missing` are services that the document does not name; saving leaves them."""

    shape: str
    rows: list[Row]
    asks: list[Ask]
    missing: list[str]


def preview(
    source: Source | Document,
    *,
    role: Role = Role.ADMIN,
    values: Mapping[str, str] | None = None,
    renames: Mapping[str, str] | None = None,
    corrections: Mapping[int, Correction] | None = None,
    at: Collection[int] | None = None,
    limit: int = reading.MAX_BYTES,
) -> Preview:
    """What `register` would do with the same arguments."""
    document = read(source, limit)
    named = name_all(correcting.applied(document.found, corrections or {}), renames or {})
    numbers = [number for number in range(len(named)) if at is None or number in at]
    plans = Planner(role, values or {}).plan([named[number] for number in numbers])
    others = {plan.name for number, (_item, plan) in enumerate(named) if at and number not in at}
    dependencies.check(plans, beside=others | {plan.name for plan in plans if plan.error and plan.error.asks})
    rows = [_row(number, named[number][0], plan) for number, plan in zip(numbers, plans, strict=True)]
    rows += _rows_of_names(
        [
            (number, name)
            for number, name in enumerate(document.names, len(named))
            if at is None or number in at
        ]
    )
    rows = _doubted(rows)
    asked = dict.fromkeys(name for row in rows for name in row.asks)
    return Preview(
        shape=document.shape,
        rows=rows,
        asks=[_ask(name, document) for name in asked],
        missing=_missing(document, named),
    )


def _doubted(rows: list[Row]) -> list[Row]:
    """The rows; those of new names say where one looks like another."""
    alike = likeness.lookalikes(row.name for row in rows if row.outcome in ("added", "asks"))
    return [
        replace(row, notes=[*row.notes, f'{row.where}: is easily taken for "{alike[row.name]}"'])
        if row.name in alike and row.outcome in ("added", "asks")
        else row
        for row in rows
    ]


def missing(document: Document, renames: Mapping[str, str]) -> list[str]:
    """The services that the document does not name, in the order of the mcp.json."""
    return _missing(document, name_all(document.found, renames))


def _missing(document: Document, named: Iterable[Named]) -> list[str]:
    known = Service.objects.listed().order_by("position").values_list("name", flat=True)
    mentioned = {plan.name for _item, plan in named} | set(document.names)
    return [name for name in known if name not in mentioned]


def _ask(name: str, document: Document) -> Ask:
    said = document.inputs.get(name)
    return Ask(
        name=name, description=said.description if said else "", secret=said.password if said else True
    )


def _row(number: int, item: Found, plan: Plan) -> Row:
    outcome = {"created": "added", "updated": "changed"}.get(plan.outcome, plan.outcome)
    error = plan.error
    asks = list(error.asks) if error else []
    before, after = _sides(plan) if outcome == "changed" else ("", "")
    return Row(
        number=number,
        name=plan.name,
        outcome="asks" if asks else outcome,
        where=show(plan.place),
        transport=plan.entry.config.transport if plan.entry else "",
        endpoint=storing.endpoint(plan.stored) if plan.entry else "",
        problem=error,
        asks=asks,
        suggestion=error.suggestion if error else "",
        notes=[*entries.notes(item.raw, plan.place), *plan.notes()] if plan.entry else [],
        item=item,
        before=before,
        after=after,
    )


def _sides(plan: Plan) -> tuple[str, str]:
    """The entry as it is and as it would be, as they are exported, with their values hidden."""
    if plan.service is None:
        return "", ""
    sides = ((plan.service.entry, plan.service.desired), (plan.stored, plan.desired()))
    old, new = (filling.masked(written.exported(entry, desired)) for entry, desired in sides)
    return mcpjson.text_of(old), mcpjson.text_of(new)


def _rows_of_names(numbered: Sequence[tuple[int, str]]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(numbered), PART):
        part = numbered[start : start + PART]
        known = called(name for _number, name in part)
        rows += [_row_of_name(number, name, known.get(name)) for number, name in part]
    return rows


def _row_of_name(number: int, name: str, service: Service | None) -> Row:
    problem = None if service else unknown(name)
    stopped = service is not None and service.desired == Desired.STOPPED
    return Row(
        number=number,
        name=shorten(name, names.LIMIT),
        outcome="invalid" if problem else "changed" if stopped else "unchanged",
        where=shorten(name, names.LIMIT),
        transport=service.transport if service else "",
        endpoint=service.endpoint if service else "",
        problem=problem,
        asks=[],
        suggestion="",
        notes=[f"{shorten(name, names.LIMIT)}: will be started"] if stopped else [],
    )

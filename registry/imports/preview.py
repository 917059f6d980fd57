"""Preview of a document: what it would do, entry by entry. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from registry.core.clients.summary import Understood
from registry.core.clients.table import client_of
from registry.core.diff import documents
from registry.core.diff.documents import Line
from registry.core.documents import correcting, optional, reading
from registry.core.documents.correcting import Correction
from registry.core.documents.dialects import Document, Found, Input
from registry.core.documents.places import shorten, show
from registry.core.entries import entry as entries
from registry.core.entries import filling
from registry.core.entries import names as entry_names
from registry.dependencies import links
from registry.errors import InvalidConfigError
from registry.imports import lookalikes
from registry.mcpjson import image, rendering
from registry.models import Desired, Role, Service
from registry.models.hidden import seen
from registry.services import store_rows
from registry.services.plan import Plan
from registry.services.planner import Named, Planner, name_all
from registry.services.register import PART, Source, called, read, unknown


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
    understood: Understood | None = None
    inputs: Mapping[str, Input] = field(default_factory=dict)
    item: Found | None = field(default=None, repr=False)
    before: str = ""
    after: str = ""

    @property
    def lines(self) -> list[Line]:
        """What changes in the entry; values are hidden, so that a change of one alone shows no line."""
        return documents.compared(self.before, self.after) if self.before else []

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
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What saving would do. `missing` are services that the document does not name; saving leaves them.

    `optional` are values that may be given besides those that `asks` must have.
    """

    shape: str
    client: str
    read_as: str
    rows: list[Row]
    asks: list[Ask]
    missing: list[str]
    optional: list[Ask] = field(default_factory=list)


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
    links.check(plans, beside=others | {plan.name for plan in plans if plan.error and plan.error.asks})
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
        client=document.client,
        read_as=_read_as(document),
        rows=rows,
        asks=[_ask(name, {**_of_rows(rows), **document.inputs}) for name in asked],
        missing=_missing(document, named),
        optional=[_ask(name, document.inputs) for name in _optional(rows, document) if name not in asked],
    )


def problem(name: str, entry: Mapping[str, object], *, role: Role) -> InvalidConfigError | None:
    """What keeps this one entry from being saved; None for nothing. Looks, and writes nothing."""
    return preview({"mcpServers": {name: entry}}, role=role).rows[0].problem


def _optional(rows: Iterable[Row], document: Document) -> list[str]:
    """What the document describes and nobody has to answer, in its order."""
    items = [row.item for row in rows if row.item is not None and row.outcome not in ("invalid", "unchanged")]
    names = {name for item in items for name in optional.may_be_answered(item.raw, item.optional)}
    return [name for name in document.inputs if name in names]


def _doubted(rows: list[Row]) -> list[Row]:
    """The rows; those of new names say where one looks like another."""
    alike = lookalikes.lookalikes(row.name for row in rows if row.outcome in ("added", "asks"))
    return [
        replace(row, notes=[*row.notes, f'{row.where}: looks like "{alike[row.name]}"'])
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


def _read_as(document: Document) -> str:
    """Whose document it is, or whose entries, where all are one client's."""
    clients = {document.client} if document.client else {item.client for item in document.found}
    return client_of(clients.pop()).label if len(clients) == 1 else "entries of several clients"


def _of_rows(rows: Iterable[Row]) -> dict[str, Input]:
    return {name: said for row in rows for name, said in row.inputs.items()}


def _ask(name: str, inputs: Mapping[str, Input]) -> Ask:
    said = inputs.get(name)
    if said is None:
        return Ask(name=name, description="", secret=True)
    return Ask(
        name=name,
        description=said.description,
        secret=said.password,
        default="" if said.password else said.default,
        choices=said.choices,
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
        endpoint=store_rows.endpoint(plan.stored, plan.origin) if plan.entry else "",
        problem=error,
        asks=asks,
        suggestion=error.suggestion if error else "",
        notes=[*_of_reader(item), *entries.notes(item.raw, plan.place), *plan.notes()] if plan.entry else [],
        understood=plan.understood,
        inputs=plan.meaning.inputs if plan.meaning else {},
        item=item,
        before=before,
        after=after,
    )


def _of_reader(item: Found) -> list[str]:
    return [f"{show(item.place)}: {note}" for note in item.notes]


def _sides(plan: Plan) -> tuple[str, str]:
    """The entry as it is and as it would be, as they are exported, with their values hidden."""
    if plan.service is None:
        return "", ""
    sides = ((plan.service.entry, plan.service.desired), (plan.stored, plan.desired()))
    old, new = (filling.masked(rendering.exported(seen(entry), desired)) for entry, desired in sides)
    return image.text_of(old), image.text_of(new)


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
        name=shorten(name, entry_names.LIMIT),
        outcome="invalid" if problem else "changed" if stopped else "unchanged",
        where=shorten(name, entry_names.LIMIT),
        transport=service.transport if service else "",
        endpoint=service.endpoint if service else "",
        problem=problem,
        asks=[],
        suggestion="",
        notes=[f"{shorten(name, entry_names.LIMIT)}: will be started"] if stopped else [],
    )

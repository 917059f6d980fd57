"""What changed between two JSON schemas, and whether it takes instances away or lets more in. Pure.

Nothing is claimed that is not proved: what cannot be decided counts as both. One thing is assumed of whoever
sends: a property that a schema does not name, and does not expressly allow, is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from registry.core.contract import schema_arrays, schema_keywords, schema_objects
from registry.core.contract.schema_findings import Effort, Finding, Found, unknown
from registry.core.contract.schema_position import Position
from registry.core.contract.schema_shapes import Document, UndecidableError, as_schema, is_false, split
from registry.core.contract.schema_values import Schema, canonical, quoted, type_words, types_of, values_of

DEEPEST = 40
STEP = 1_000
FINDINGS_AT_MOST = 2_000


def schema_changes(old: Any, new: Any, name: str, effort: Effort) -> Found:
    """The changes from *old* to *new*; *name* is the word for the whole, such as "arguments"."""
    walk = Walk(Document(as_schema(old)), Document(as_schema(new)), name, effort)
    if walk.old.root.get("$schema") != walk.new.root.get("$schema"):
        return [unknown(name, "the dialect of the schema ($schema) changed")]
    if walk.old.dynamic or walk.new.dynamic:
        return [unknown(name, "it has references that move, which cannot be compared")]
    return walk.compare(old, new, "", strict=False)[:FINDINGS_AT_MOST]


class Walk:
    """One comparison, with a bound on its effort."""

    def __init__(self, old: Document, new: Document, name: str, effort: Effort) -> None:
        self.old, self.new, self.name = old, new, name
        self._effort = effort
        self._same_definitions = old.plain and new.plain and old.definitions() == new.definitions()
        self._open: dict[tuple[str, str, bool], int] = {}

    def same(self, old: Any, new: Any) -> bool:
        """Whether two parts are written alike and mean the same."""
        return self._same(canonical(old), canonical(new))

    def _same(self, old: str, new: str) -> bool:
        self._effort.left -= len(old) + len(new)
        return old == new and (self._same_definitions or '"$ref"' not in old)

    def compare(self, old: Any, new: Any, place: str, *, strict: bool, level: int = 0) -> Found:
        """All changes below *place*. *strict* takes a property that is not named as one that may be sent."""
        before, after = canonical(old), canonical(new)
        self._effort.left -= STEP
        if self._same(before, after):
            return []
        if self._effort.left < 0 or level > DEEPEST:
            return [unknown(self.at(place), "is too large or too deep to compare in full")]
        key = (before, after, strict)
        if '"$ref"' in before + after:
            if key in self._open:
                # Further down in the instance the claim may help to prove itself, at the same place not.
                circular = self._open[key] >= level
                return [unknown(self.at(place), "refers to itself")] if circular else []
            self._open[key] = level
        try:
            return self._of_parts(as_schema(old), as_schema(new), place, strict, level)
        except UndecidableError as exc:
            return [unknown(self.at(place), f"changed, and {exc}")]
        finally:
            if self._open.get(key) == level:
                del self._open[key]

    def at(self, place: str) -> str:
        return place or self.name

    def narrows(self, old: Any, new: Any, level: int, *, strict: bool) -> bool:
        """Whether some instance of *old* may not fit *new*."""
        return any(finding.narrows for finding in self.compare(old, new, "", strict=strict, level=level))

    def widens(self, old: Any, new: Any, level: int, *, strict: bool) -> bool:
        return any(finding.widens for finding in self.compare(old, new, "", strict=strict, level=level))

    def _of_parts(self, old: Schema, new: Schema, place: str, strict: bool, level: int) -> Found:
        before, after = self.old.joined(old), self.new.joined(new)
        here = self._position(place, strict, level)
        if len(before) != 1 or len(after) != 1:
            return [*schema_keywords.prose(here, old, new), *self._all_of(before, after, place, level)]
        one, other = before[0], after[0]
        return [*schema_keywords.prose(here, one, other), *self._of(one, other, place, strict, level)]

    def _of(self, one: Schema, other: Schema, place: str, strict: bool, level: int) -> Found:
        if is_false(one) or is_false(other):
            return self._of_nothing(is_false(one), is_false(other), place)
        words = {"anyOf", "oneOf"}
        if words & one.keys() or words & other.keys():
            return self._of_union(one, other, place, strict, level)
        return self._of_keywords(one, other, place, strict, level)

    def _of_nothing(self, before: bool, after: bool, place: str) -> Found:
        if before and after:
            return []
        text = "accepted nothing, now accepts something" if before else "no longer accepts anything"
        return [Finding(place=self.at(place), text=text, narrows=after, widens=before)]

    def _all_of(self, before: Sequence[Schema], after: Sequence[Schema], place: str, level: int) -> Found:
        """Several parts must hold: each new one has to follow from one old one, and the other way round."""
        narrows = not self._each(
            after, before, lambda new, old: not self.narrows(old, new, level, strict=True)
        )
        widens = not self._each(before, after, lambda old, new: not self.widens(old, new, level, strict=True))
        if not (narrows or widens):
            return []
        text = "the rules that must hold together (allOf) changed"
        return [Finding(place=self.at(place), text=text, narrows=narrows, widens=widens)]

    @staticmethod
    def _each(
        these: Iterable[Schema], those: Sequence[Schema], follows: Callable[[Schema, Schema], bool]
    ) -> bool:
        """An empty list of parts asks for nothing, and gives nothing."""
        others = those or [{}]
        return all(any(follows(this, that) for that in others) for this in these)

    def _of_keywords(self, old: Schema, new: Schema, place: str, strict: bool, level: int) -> Found:
        here = self._position(place, strict, level)
        found = schema_keywords.changes(here, old, new)
        found += schema_arrays.changes(here, old, new)
        found += schema_objects.changes(here, old, new)
        return found

    def _position(self, place: str, strict: bool, level: int) -> Position:
        return Position(
            place=place,
            at=self.at(place),
            strict=strict,
            level=level,
            same=self.same,
            compare=self.compare,
        )

    # -- alternatives -----------------------------------------------------------------------------------

    def _of_union(self, old: Schema, new: Schema, place: str, strict: bool, level: int) -> Found:
        before, after = self.old.branches(old), self.new.branches(new)
        if before is None or after is None:
            return self._of_opaque_union(old, new, place, level)
        if len(before) == len(after) == 1:
            return self._of_keywords(before[0], after[0], place, strict, level)
        return self._matched(split(before), split(after), place, strict, level)

    def _of_opaque_union(self, old: Schema, new: Schema, place: str, level: int) -> Found:
        """Alternatives that cannot be told apart: they are the same, or it cannot be said."""
        words = ("anyOf", "oneOf")
        if any(not self.same(old.get(word), new.get(word)) for word in words):
            return [unknown(self.at(place), "its alternatives changed in a way that cannot be compared")]
        rests = [{key: value for key, value in schema.items() if key not in words} for schema in (old, new)]
        return self._of_keywords(rests[0], rests[1], place, True, level)

    def _matched(
        self, before: Sequence[Schema], after: Sequence[Schema], place: str, strict: bool, level: int
    ) -> Found:
        """Alternatives side by side: lost is what no new one covers, gained what no old one covered."""
        kept = {canonical(one) for one in before} & {canonical(other) for other in after}
        alike = {text for text in kept if self._same(text, text)}
        olds = [one for one in before if canonical(one) not in alike]
        news = [other for other in after if canonical(other) not in alike]

        def covered(one: Schema, other: Schema) -> bool:
            return not self.narrows(one, other, level, strict=strict)

        def covers(other: Schema, one: Schema) -> bool:
            return not self.widens(one, other, level, strict=strict)

        lost = [one for one in olds if not any(covered(one, other) for other in after)]
        gained = [other for other in news if not any(covers(other, one) for one in before)]
        if len(lost) == len(gained) == 1:
            inner = self._of_keywords(lost[0], gained[0], place, strict, level)
            if any(finding.narrows for finding in inner) and any(finding.widens for finding in inner):
                return inner
        return [*self._lost(lost, place), *self._gained(gained, place)]

    def _lost(self, branches: Sequence[Schema], place: str) -> Iterator[Finding]:
        for branch in branches:
            text = f"no longer takes {_words(branch)}"
            yield Finding(place=self.at(place), text=text, narrows=True)

    def _gained(self, branches: Sequence[Schema], place: str) -> Iterator[Finding]:
        for branch in branches:
            yield Finding(place=self.at(place), text=f"now also takes {_words(branch)}", widens=True)


def _words(branch: Schema) -> str:
    values = values_of(branch)
    if values:
        return quoted(values.values())
    words = type_words(types_of(branch))
    return f"{words} of another shape" if set(branch) - {"type", "title", "description"} else words

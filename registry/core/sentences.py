"""Sentences that were made in English, known again by their templates, and said in another language.

What the console stores, and what its errors say, is English with values in it: `gave up after 3 attempts`. A
catalogue knows `gave up after %(n)s attempts`. So a text is compared with the templates, the values are taken
out, those that are words of ours are said in the other language too, and all others stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

PLACE = re.compile(r"%\((\w+)\)([sd])|%%")
NUMERIC = r"-?[0-9][0-9.,]*"
BARE = re.compile(r"(?<!%)%([sd])(?![a-z])")
LETTERS = re.compile(r"[A-Za-z]")
LEAST = 4
"""Letters of a template beside its values: what has fewer fits too much."""
DEEPEST = 4
NUMBER = re.compile(r"(n|count|number2?|len|total|done|max|min|line|lineno|colno|column|port)$")
"""Values that are numbers by their names: they are looked for as such, and tell a sentence as letters do."""
UNIT = re.compile(r"(-?[\d.,]+) (ms|s|min|h|d)\b")
DURATION = re.compile(rf"({UNIT.pattern})( {UNIT.pattern})?( \(({UNIT.pattern})( {UNIT.pattern})?\))?")
STATE = re.compile(r"state\d?$")
OTHERS = re.compile(
    r"(names?|by|who|services?|host|tool|agent|actor|owner|user|tag|channel|get_username|requested_by|plain)\d?$"
)
"""Values that are names: a person called `admin` is no word of ours."""
NEXT = re.compile(r"[.;] [A-Z]|[,:]$")
NEXT_OF_SHORT = re.compile(r"[.;:] |[,:]$")
"""Where another sentence begins: no value goes on into it."""
SHORT, FEW = 12, 3
"""A template of so few letters takes no value of more words than that, if it is none of ours."""
JOINTS = re.compile(r"(\. |; |: |, | · | — |\n| \(|\)|\.$|[。；：，（）])")
FULL = {". ": "。", "; ": "；", ": ": "：", ", ": "，", " (": "（", ")": "）", ".": "。", ":": "："}
BRACKETS = (" (", ")")
"""Of here only where the words on both sides are."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """One sentence of the catalogue: how it is known, and what it is in the other language."""

    known_by: re.Pattern[str]
    holds: str
    says: str
    weight: int

    def matches(self, text: str) -> re.Match[str] | None:
        """The values that *text* has in it."""
        found = self.known_by.fullmatch(text)
        ends = NEXT if self.weight >= SHORT else NEXT_OF_SHORT
        return None if found is None or any(map(ends.search, found.groups())) else found


class Sentences:
    """All that one language has. Texts that are no sentence of ours stay as they are."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        self._fixed = {text: said for text, said in catalogue.items() if not PLACE.search(text)}
        self._fixed |= {text.replace("%%", "%"): said for text, said in catalogue.items()}
        made = (_template(_named(text), _named(said)) for text, said in catalogue.items())
        self._templates = sorted((one for one in made if one), key=lambda one: -one.weight)
        self._added = [one for one in self._templates if one.known_by.pattern.startswith(re.escape(" ("))]

    def say(self, text: str, depth: int = 0) -> str:
        """*text* in this language; as a whole, else piece by piece."""
        if not text or depth > DEEPEST or not LETTERS.search(text):
            return text
        if DURATION.fullmatch(text):
            return self._duration(text)
        if added := self._added_to(text, depth):
            return added
        said = self._whole(text, depth)
        return self._pieces(text, depth) if said is None else said

    def _added_to(self, text: str, depth: int) -> str:
        """A sentence with what is known to be added to any, in brackets; empty for all others."""
        head, bracket, tail = text.rpartition(" (")
        for template in self._added if head else ():
            if found := template.matches(bracket + tail):
                values = {name: self._value(name, value, depth) for name, value in found.groupdict().items()}
                return self.say(head, depth + 1) + _filled(template.says, values)
        return ""

    def _whole(self, text: str, depth: int) -> str | None:
        for one in _spellings(text):
            if (said := self._fixed.get(one)) is not None:
                return said
        for one in _spellings(text):
            for template in self._templates:
                if template.holds in one and (found := template.matches(one)):
                    values = {
                        name: self._value(name, text, depth) for name, text in found.groupdict().items()
                    }
                    if template.weight >= SHORT or not any(map(_foreign, values.values())):
                        return _filled(template.says, values)
        return None

    def _value(self, name: str, text: str, depth: int) -> str:
        """Names, one or several of them, are no words of ours."""
        one_or_more = " " not in text.replace(", ", "")
        return text if OTHERS.match(name) and one_or_more else self.say(text, depth + 1)

    def _duration(self, text: str) -> str:
        """ "5 min" by the units of `humanize.elapsed`; what has no unit there stays."""
        words = UNIT.sub(lambda found: self._amount(found[1], found[2]), text)
        return words.replace(" (", "（").replace(")", "）")

    def _amount(self, amount: str, unit: str) -> str:
        known = f"%(n)d {unit}"
        return self._fixed.get(known, known).replace("%(n)d", amount)

    def _pieces(self, text: str, depth: int) -> str:
        """As long a run of pieces as is known, one after the other; after such the joints are of here."""
        parts = JOINTS.split(text)
        if len(parts) == 1:
            return text
        said, at = "", 0
        before = False
        while at < len(parts):
            if at % 2:
                last = before and at == len(parts) - 2 and not parts[-1]
                ours = last or (before and parts[at] not in BRACKETS)
                said += FULL.get(parts[at], parts[at]) if ours else parts[at]
                at += 1
                continue
            end, found = self._longest(parts, at, depth)
            if found is not None and at and before and parts[at - 1] in BRACKETS:
                said = said.removesuffix(parts[at - 1]) + FULL.get(parts[at - 1], parts[at - 1])
            said += parts[at] if found is None else found
            before = found is not None
            at = end
        return said

    def _longest(self, parts: list[str], at: int, depth: int) -> tuple[int, str | None]:
        for end in range(len(parts), at, -2):
            piece = "".join(parts[at:end])
            found = self._whole(piece, depth + 1) if (at, end) != (0, len(parts)) else None
            if found is not None and LETTERS.search(piece):
                return end, found
        return at + 1, None


def _foreign(value: str) -> bool:
    """Whether it is a longer text of somebody else's."""
    return value.isascii() and len(value.replace(", ", ",").split()) > FEW


def _spellings(text: str) -> Iterator[str]:
    """As it stands, and as it was before it became the beginning of a sentence, or its end."""
    yield text
    if text[:1].isupper() and text[1:2].islower():
        yield text[0].lower() + text[1:]
    if text[:1].islower():
        yield text[0].upper() + text[1:]


def _template(text: str, said: str) -> Template | None:
    fixed = [part.replace("%%", "%") for part in _fixed_parts(text)]
    numbers = sum(_kind(name, kind) != ".*?" for name, kind in PLACE.findall(text) if name)
    weight = sum(len(LETTERS.findall(part)) for part in fixed) + 3 * numbers
    if weight < LEAST or len(fixed) < 2:
        return None
    return Template(
        known_by=re.compile(_pattern(text), re.DOTALL), holds=max(fixed, key=len), says=said, weight=weight
    )


def _named(text: str) -> str:
    """`%d` and `%s` by their places."""
    number = count()
    return BARE.sub(lambda place: f"%(bare{next(number)}){place[1]}", text)


def _fixed_parts(text: str) -> Iterable[str]:
    return re.split(r"%\(\w+\)[sd]", text)


def _pattern(text: str) -> str:
    pattern, end = "", 0
    seen: set[str] = set()
    for place in PLACE.finditer(text):
        pattern += re.escape(text[end : place.start()])
        end = place.end()
        name, kind = place.groups()
        if name is None:
            pattern += "%"
        elif name in seen:
            pattern += f"(?P={name})"
        else:
            pattern += f"(?P<{name}>{_kind(name, kind)})"
            seen.add(name)
    return pattern + re.escape(text[end:])


def _kind(name: str, kind: str) -> str:
    if kind == "d" or NUMBER.match(name):
        return NUMERIC
    return "[A-Z]{7,}" if STATE.match(name) else ".*?"


def _filled(template: str, values: Mapping[str, str]) -> str:
    return PLACE.sub(lambda place: values.get(place[1], "") if place[1] else "%", template)

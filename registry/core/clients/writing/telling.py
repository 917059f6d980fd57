"""One service in the terms of one client, with notes on what the client cannot be told."""

from __future__ import annotations

import math
from collections.abc import Mapping

from registry.core.clients.writing.meaning import Meant
from registry.core.clients.writing.notes import Code, Note
from registry.core.clients.writing.target import MILLISECONDS, Limit, Target
from registry.core.clients.writing.variables import Variables
from registry.core.contract.schema_values import number_word
from registry.core.documents.places import shorten
from registry.core.entries.placeholders import SECRET, reference

NO_LIMIT = {"call": Code.NO_CALL_LIMIT, "start": Code.NO_START_LIMIT}
OUTSIDE = {"call": Code.CALL_LIMIT_OUTSIDE, "start": Code.START_LIMIT_OUTSIDE}
ROUNDED = {"call": Code.CALL_LIMIT_ROUNDED, "start": Code.START_LIMIT_ROUNDED}


class Telling:
    """One service in the terms of one client."""

    def __init__(self, target: Target, service: Meant, variables: Variables) -> None:
        self.target, self.service, self.variables = target, service, variables
        self.notes: list[Note] = []

    def note(self, code: Code, **about: str) -> None:
        """Each once."""
        made = Note(service=self.service.name, code=code, about={"program": self.target.program, **about})
        if made not in self.notes:
            self.notes.append(made)

    def text(self, text: str, place: str, what: str = "") -> str:
        """With every secret as this client fills it in; where it fills in nothing, a person has to."""
        said = f"{place.removesuffix('s') if what else place} {what}".strip()
        self._literal(text, said)
        return SECRET.sub(lambda match: self._secret(match[1], place, said), text)

    def _secret(self, secret: str, place: str, said: str) -> str:
        name = self.variable(secret, reference(secret), said)
        if self.target.spell is not None and place in self.target.fills:
            return self.target.spell(name)
        self.note(Code.BY_HAND, place=said, placeholder=f"${{{name}}}")
        return f"${{{name}}}"

    def variable(self, key: str, holds: str, said: str) -> str:
        """The name of the variable with this text."""
        return self.variables.of(key, holds, self.service.name, said)

    def _literal(self, text: str, said: str) -> None:
        literal = self.target.literal
        if literal and (found := literal.search(SECRET.sub("", text))):
            self.note(Code.LITERAL, place=said, text=shorten(found[0], 40))

    def texts(self, pairs: Mapping[str, str], place: str) -> dict[str, str]:
        """Headers or variables."""
        return {key: self.text(value, place, key) for key, value in pairs.items()}

    def args(self) -> list[str]:
        return [self.text(arg, "args", str(number)) for number, arg in enumerate(self.service.args, 1)]

    def named(self, name: str, holds: str, said: str) -> None:
        """A value that the client takes from its environment under exactly this name."""
        other = self.variables.named(name, holds, self.service.name, said)
        if other:
            self.note(Code.TWO_VALUES, place=said, name=name, other=other)

    def limits(self) -> dict[str, float]:
        """Both time limits as this client writes them."""
        made: dict[str, float] = {}
        told = (
            ("call", self.service.call, self.target.call),
            ("start", self.service.start, self.target.start),
        )
        for what, seconds, limit in told:
            if seconds is None:
                continue
            if limit is None:
                self._limited(NO_LIMIT[what], seconds)
            elif (amount := self._amount(what, seconds, limit)) is not None:
                made[limit.key] = amount
        return made

    def _limited(self, code: Code, seconds: float, **about: str) -> None:
        self.note(code, n=number_word(seconds), **about)

    def _amount(self, what: str, seconds: float, limit: Limit) -> float | None:
        if not limit.least <= seconds <= limit.most:
            least, most = number_word(limit.least), number_word(limit.most)
            self._limited(OUTSIDE[what], seconds, least=least, most=most)
            return None
        said = round(seconds * 1000, 3) if limit.unit == MILLISECONDS else seconds
        if limit.whole and not float(said).is_integer():
            said = math.ceil(said)
            self._limited(ROUNDED[what], seconds, unit=limit.unit)
        return int(said) if float(said).is_integer() else said

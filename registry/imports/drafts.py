"""An import between two requests: the document and the answers to it, sealed for one person."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from registry.core.documents import correcting, dialects
from registry.core.documents.correcting import Correction
from registry.core.documents.dialects import Document
from registry.core.documents.found import Choice
from registry.errors import InvalidConfigError, SecretsError
from registry.mcpjson import secret_bundle
from registry.secrets import vault

LARGEST = 3_900_000
"""Of the sealed text: with the fields around it, it stays below what a request may have."""
Fix = tuple[int, str, str]
TRIPLES = ("fixes", "choices")
SETS, LISTS = ("offered", "left_out", "rest", "spared"), ("absent", "problems", "todo", "removals")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Entries are known by their number in the document; what is saved keeps its number and is skipped.

    `fixes` are (number, name, entry's text) in the order in which they were made. `offered` could be ticked
    and `left_out` were not; `rest` can be taken too but were too many to show. `absent` are services that the
    document does not name, all but the `spared` to be removed when `replacing`. `standing` marks how services
    were at `revision`, when they were looked at. `todo` and `removals` are still to be done of `total`.
    `carried` are values that stood locked in the document, once it is opened. `client` is what was chosen for
    the document, `bundle` what an uploaded archive is known by, `choices` are (number, unit, transport) of
    single entries.
    """

    text: bytes
    client: str = ""
    file: str = ""
    choices: tuple[Fix, ...] = ()
    fixes: tuple[Fix, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, str] | None = None
    offered: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()
    rest: frozenset[int] = frozenset()
    absent: tuple[str, ...] = ()
    revision: int = 0
    standing: str = ""
    replacing: bool = False
    spared: frozenset[str] = frozenset()
    saved: Mapping[int, str] = field(default_factory=dict)
    failed: int = 0
    removed: int = 0
    problems: tuple[str, ...] = ()
    todo: tuple[int, ...] = ()
    removals: tuple[str, ...] = ()
    total: int = 0
    bundle: str = ""

    @cached_property
    def document(self) -> Document:
        """The entries as they are corrected now; InvalidConfigError if the text is no document."""
        document = dialects.find(self.text, client=self.client, file=self.file)
        choices = {number: Choice(unit=unit, transport=transport) for number, unit, transport in self.choices}
        found = tuple(
            replace(item, choice=choices.get(number, item.choice))
            for number, item in enumerate(document.found)
        )
        for number, name, text in self.fixes:
            found = correcting.applied(found, {number: Correction(name=name, text=text)})
        return replace(document, found=found)

    @property
    def known(self) -> dict[str, str]:
        """Every value there is for the document; what was typed goes before what it carries."""
        return {**(self.carried or {}), **self.values}

    @property
    def locked(self) -> bool:
        """Whether it carries values that are not opened yet."""
        return self.carried is None and b"scrypt" in self.text and secret_bundle.is_locked(self.text)

    @property
    def done(self) -> int:
        """How many of `total` were tried."""
        return self.total - len(self.todo) - len(self.removals)

    def sealed(self, owner: object) -> str:
        """What the page keeps; InvalidConfigError where it would be more than a request may bring back."""
        plain = asdict(self) | {
            "text": self.text.decode("latin-1"),
            **{name: sorted(getattr(self, name)) for name in SETS},
        }
        packed = zlib.compress(json.dumps(plain, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        sealed = vault.seal(f"import:{owner}:{base64.b64encode(packed).decode()}")
        if len(sealed) > LARGEST:
            raise InvalidConfigError(
                _("The document"),
                _("is too large to correct here"),
                _("Split it into smaller ones"),
            )
        return sealed


def opened(sealed: str, owner: object) -> Draft:
    """The draft that this person sealed; InvalidConfigError for anything else."""
    mine = f"import:{owner}:"
    try:
        text = vault.unseal(sealed)
        if text.startswith(mine):
            return _draft(zlib.decompress(base64.b64decode(text.removeprefix(mine))))
    except (SecretsError, binascii.Error, zlib.error):
        pass
    raise InvalidConfigError(_("The preview"), _("is out of date"), _("Preview the document again"))


def _draft(data: bytes) -> Draft:
    plain: dict[str, Any] = json.loads(data.decode("utf-8", "surrogatepass"))
    return Draft(
        **plain
        | {
            "text": plain["text"].encode("latin-1"),
            **{key: tuple((number, one, two) for number, one, two in plain[key]) for key in TRIPLES},
            "saved": {int(number): outcome for number, outcome in plain["saved"].items()},
            **{name: frozenset(plain[name]) for name in SETS},
            **{name: tuple(plain[name]) for name in LISTS},
        }
    )

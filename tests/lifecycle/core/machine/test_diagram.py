"""The diagram in the docs is the table's."""

from __future__ import annotations

import pytest

from lifecycle.core.machine import diagram
from lifecycle.core.machine.states import TRANSITIONS
from tests.support.tools import ROOT

PAGE = ROOT / "docs" / "lifecycle.md"


def test_the_docs_show_the_diagram_that_the_table_draws() -> None:
    document = PAGE.read_text(encoding="utf-8")
    assert diagram.placed(document) == document


def test_every_move_is_drawn() -> None:
    lines = {line.strip() for line in diagram.mermaid().splitlines()}
    for state, moves in TRANSITIONS.items():
        for event, after in moves.items():
            (arrow,) = [line for line in lines if line.startswith(f"{state} --> {after}: ")]
            assert event.value in arrow.split(": ", 1)[1].split(", ")


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold"):
        diagram.placed("# A page")

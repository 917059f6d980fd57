"""Numbers as the script of the charts writes them."""

from __future__ import annotations

import pytest

from lifecycle.core.pictures import numbers


@pytest.mark.parametrize(
    ("value", "unit", "text", "short"),
    [
        (None, "ms", "–", "–"),
        (0, "ms", "0 ms", "0 ms"),
        (4.25, "ms", "4.3 ms", "4.3 ms"),
        (40.4, "ms", "40 ms", "40 ms"),
        (999.5, "ms", "1,000 ms", "1,000 ms"),
        (1234.5, "ms", "1.23 s", "1.23 s"),
        (99.9999, "%", "99.999 %", "100 %"),
        (100, "%", "100 %", "100 %"),
        (0.25, "%", "0.25 %", "0.25 %"),
        (1048576 * 2.26, "B", "2.3 MB", "2 MB"),
        (1073741824 * 1.5, "B", "1.5 GB", "1.5 GB"),
        (12345, "n", "12,345", "12,345"),
        (2.5, "n", "2.5", "2.5"),
    ],
)
def test_a_number_is_said_with_its_unit(value: float | None, unit: str, text: str, short: str) -> None:
    assert numbers.said(value, unit) == text
    assert numbers.said(value, unit, short=True) == short

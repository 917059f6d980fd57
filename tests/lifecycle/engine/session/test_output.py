"""Pieces of a log: whole lines, no half of a secret, nothing without bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.engine.maintenance.logbook import with_their_lines
from lifecycle.engine.session.child.lines import Ring
from lifecycle.engine.session.child.output import PATIENCE, Scribe

SECRET = "tok-8f2a9c1d"


def scribe(ring: Ring) -> Scribe:
    return Scribe(ring, lambda text: text.replace(SECRET, "***"), len(SECRET))


def text(scribe: Scribe, *, last: bool = False) -> str:
    taken = scribe.take(last=last)
    return taken.text if taken else ""


def test_a_line_leaves_when_it_is_whole() -> None:
    ring = Ring()
    one = scribe(ring)
    ring.write(b"first\nsec")
    assert text(one) == "first\n"
    ring.write(b"ond\n")
    assert text(one) == "second\n"
    assert one.take() is None


def test_a_prompt_without_an_end_leaves_when_nothing_follows() -> None:
    ring = Ring()
    one = scribe(ring)
    ring.write(b"Password: ")
    assert [text(one) for _ in range(PATIENCE + 1)] == ["", "", "", "Password: "]


def test_the_rest_leaves_with_the_last_word() -> None:
    ring = Ring()
    one = scribe(ring)
    ring.write(b"no end")
    assert text(one, last=True) == "no end"
    assert one.done


@given(st.binary(max_size=60), st.lists(st.integers(1, 9000), min_size=1, max_size=6), st.booleans())
def test_no_cut_shows_half_a_secret(noise: bytes, cuts: list[int], lines: bool) -> None:
    end = b"\n" if lines else b""
    data = (noise.replace(b"tok", b"").replace(b"*", b"") + SECRET.encode() + b"x" * 700 + end) * 12
    ring, shown = Ring(), ""
    one = scribe(ring)
    at = 0
    for size in [*cuts, len(data)]:
        ring.write(data[at : at + size])
        at += size
        shown += text(one)
    shown += text(one, last=True)
    assert SECRET[:6] not in shown
    assert SECRET[-6:] not in shown
    assert shown.count("***") == 12


def test_what_came_too_fast_is_counted_and_its_torn_line_left_out() -> None:
    ring = Ring(size=100)
    one = scribe(ring)
    ring.write(b"a" * 500 + b"\n" + (SECRET + " here\n").encode() * 20)
    taken = one.take()
    assert taken is not None
    assert set(taken.text.splitlines()) == {"*** here"}
    assert taken.missed + len(taken.text.replace("***", SECRET)) == ring.written


@pytest.mark.parametrize(
    ("data", "shown"), [(b"\xff\xfe\n", "\ufffd\ufffd\n"), (b"a\0b\n", "a\N{SYMBOL FOR NULL}b\n")]
)
def test_any_bytes_become_text_that_can_be_stored(data: bytes, shown: str) -> None:
    ring = Ring()
    ring.write(data)
    assert text(scribe(ring)) == shown


def test_each_line_of_a_long_secret_is_one() -> None:
    key = "-----BEGIN-----\nMIIEpAIBAAKCAQEA\nab\n"
    assert with_their_lines(frozenset({key})) == {key, "-----BEGIN-----", "MIIEpAIBAAKCAQEA"}

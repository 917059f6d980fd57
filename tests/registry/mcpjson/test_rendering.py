"""The text of mcp.json, made of one part for each service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from registry.mcpjson import image, rendering
from registry.models import ConfigVersion, Desired, Service
from tests.support.registering import NOW, Register

URL = "https://example.org/mcp"
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
plain = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)
entries = st.dictionaries(text | st.sampled_from(["enabled", "disabled"]), values, max_size=4)
named = st.dictionaries(
    text.filter(bool).map(str.casefold), st.tuples(entries, st.sampled_from(Desired.values)), max_size=4
)


class AnyRegistry(TestCase):
    """Whatever the entries hold."""

    @given(named)
    def test_the_text_is_that_of_the_document(self, held: dict[str, tuple[dict[str, Any], str]]) -> None:
        for position, (name, (entry, desired)) in enumerate(held.items()):
            Service.objects.create(
                name=name, entry=entry, desired=desired, position=position, created_at=NOW, updated_at=NOW
            )
        assert image.document_text() == image.text_of(image.document())
        assert json.loads(image.document_text()) == image.document()


@pytest.mark.django_db
def test_a_summary_is_the_same_whether_the_last_version_is_remembered_or_read(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for forget in (False, True):
        Service.objects.all().delete()
        ConfigVersion.objects.all().delete()
        register({"a": {"url": URL, "x": 1}, "b": {"url": URL}, "c": {"url": URL}})
        image.export_pending(author="ann", now=NOW)
        Service.objects.filter(name="a").update(entry={"x": 1, "url": URL})
        register({"b": {"url": URL + "2"}, "d": {"url": URL}})
        Service.objects.filter(name="c").delete()
        if forget:
            monkeypatch.setattr(image, "_exported", rendering.Remembered())
        image.export_pending(author="ann", now=NOW)
        said.append(ConfigVersion.objects.latest("number").summary)
    assert said == ["added d; changed b; removed c"] * 2


@pytest.mark.django_db
def test_only_the_parts_of_the_last_document_are_kept(register: Register) -> None:
    for number in range(5):
        register({"a": {"url": f"{URL}/{number}"}, f"b{number}": {"url": URL}})
        Service.objects.filter(name=f"b{number - 1}").delete()
        image.document_text()
    assert rendering._kept.keys() == {"a", "b4"}
    assert rendering._kept["a"][0] == json.dumps({"url": f"{URL}/4"})

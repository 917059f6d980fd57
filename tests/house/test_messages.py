"""The catalogues: every text is in them, each is translated with the same values, and they are compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import messages, sentences
from tests.support.chinese import latin_marks, marks_after_words


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_written_one(language: str) -> None:
    assert messages.compiled(language), "run `make messages`"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    wrong = messages.problems(language, messages.extracted())
    assert not wrong, "run `make messages`, and translate in django.po:\n" + "\n".join(wrong)


def test_the_sentences_of_the_core_are_found(tmp_path: Path) -> None:
    code = tmp_path / "core.py"
    code.write_text(
        '"""A docstring is none of them."""\n'
        "def work(tool, left, other):\n"
        '    log.warning("nor is a line of the log")\n'
        '    if tool.name == "nor what is compared with":\n'
        '        raise Refused(f"{tool.name} is gone, and {tool.name} with {left.count} of {other.count}")\n'
        '    return "gave up at once"\n'
    )
    found = set(sentences.found_in(code, ""))
    assert found == {"%(name)s is gone, and %(name)s with %(count)s of %(count2)s", "gave up at once"}


LISTS = {"seconds, minutes, hours, days"}
"""Contexts of texts that the code takes apart at their commas."""


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_chinese_words_are_followed_by_chinese_marks(language: str) -> None:
    found = [
        place
        for message in messages.known(language)
        if message.id and message.context not in LISTS
        for text in ([message.string] if isinstance(message.string, str) else message.string or ())
        for place in latin_marks(text)
    ]
    assert not found, "write 。，：； instead:\n" + "\n".join(found)


def test_no_template_sets_a_latin_mark_after_words_that_are_translated() -> None:
    paths = [path for path in messages.sources() if path.suffix != ".py"]
    found = [
        f"{path.name}: {place}"
        for path in paths
        for place in marks_after_words(path.read_text(encoding="utf-8"))
    ]
    assert len(paths) > 100 and not found, 'write {{ ". "|mark }} instead:\n' + "\n".join(found)

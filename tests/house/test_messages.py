"""The catalogues: every text is in them, each is translated with the same values, and they are compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import messages, sentences


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

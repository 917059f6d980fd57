"""English sentences are known again with their values in them, and nothing else is."""

from __future__ import annotations

import pytest

from registry.core.sentences import Sentences

CHINESE = Sentences(
    {
        "gave up": "已放弃",
        "no answer within %(span)s": "%(span)s 内没有应答",
        " (needed by %(services)s: %(listed)s)": "（%(services)s 需要它：%(listed)s）",
        "restart limit reached: %(n)s restarts": "已达重启上限：重启 %(n)s 次",
        "is not JSON: %(msg)s in line %(line)s": "不是 JSON：%(msg)s，第 %(line)s 行",
        "%(n)d tools changed": "%(n)d 个工具已变更",
        "Expecting value": "此处应有值",
        "Write it as a list": "写成列表",
        "must be text": "必须是文本",
        "more than %(share)s of 10 %%": "超过 %(share)s（10%%）",
        "%(a)s of %(b)s": "%(b)s 的 %(a)s",
        "Search": "搜索",
        "added %(names)s": "添加 %(names)s",
        "%(names)s and %(n)d more": "%(names)s 等另外 %(n)d 个",
        "%(other)s is left, and %(other)s again": "%(other)s 两次",
    }
)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("gave up", "已放弃"),
        ("Gave up", "已放弃"),
        ("gave up. Segmentation fault", "已放弃。Segmentation fault"),
        (
            "x: no answer within 10 s (needed by 1 service: crm)",
            "x: 10 s 内没有应答（1 service 需要它：crm）",
        ),
        ("restart limit reached: 3 restarts", "已达重启上限：重启 3 次"),
        ("is not JSON: Expecting value in line 4", "不是 JSON：此处应有值，第 4 行"),
        ("12 tools changed", "12 个工具已变更"),
        ("must be text. Write it as a list", "必须是文本。写成列表"),
        ("must be text. Write it as a list.", "必须是文本。写成列表。"),
        ("mcpServers.a.args: must be text", "mcpServers.a.args: 必须是文本"),
        ("more than 5 of 10 %", "超过 5（10%）"),
        ("x is left, and x again", "x 两次"),
        ("连接失败：gave up", "连接失败：已放弃"),
        ("added search", "添加 search"),  # services may be called like words of ours
        ("added payments, search", "添加 payments, search"),
        ("added payments, search and 15 more", "添加 payments, search 等另外 15 个"),
    ],
)
def test_a_sentence_of_ours_is_said(english: str, chinese: str) -> None:
    assert CHINESE.say(english) == chinese


@pytest.mark.parametrize(
    "text",
    [
        "",
        "weather",
        "twelve tools changed",  # no number
        "part of whole",  # too little of it is ours
        "x is left, and y again",  # one value twice
        "ENOENT: no such file or directory",
        "已经是中文",
    ],
)
def test_what_others_said_stays_as_it_is(text: str) -> None:
    assert CHINESE.say(text) == text

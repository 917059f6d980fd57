"""Which language and time zone an answer is in, and that it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import get_language, override

from lifecycle.core.machine.states import State
from registry.installation import zones
from registry.installation.sentences import mark
from tests.support.chinese import latin_marks
from tests.support.pages import make_service

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.5", "zh-hans"),
        ("zh", "zh-hans"),
        ("zh-Hans-SG", "zh-hans"),
        ("en-GB,zh;q=0.5", "en"),
        ("de,fr;q=0.8", "en"),
    ],
)
def test_a_page_is_in_the_first_language_the_browser_names_that_is_spoken(
    admin: Client, header: str, language: str
) -> None:
    answer = admin.get("/services/", headers={"Accept-Language": header} if header else {})
    assert answer["Content-Language"] == language
    assert f'<html lang="{language}"' in answer.content.decode()
    assert ("<h1>服务</h1>" in answer.content.decode()) == (language == "zh-hans")
    assert get_language() == "en"


def test_what_was_chosen_counts_more_than_what_the_browser_says(admin: Client) -> None:
    assert admin.post("/look/", {"language": "en"}, headers=CHINESE).status_code == 302
    assert admin.get("/services/", headers=CHINESE)["Content-Language"] == "en"
    admin.post("/look/", {"language": "zh-hans"})
    assert admin.get("/services/")["Content-Language"] == "zh-hans"
    admin.post("/look/", {"language": "auto"})
    assert admin.get("/services/")["Content-Language"] == "en"


@pytest.mark.parametrize("nonsense", ["xx", "../../etc", ""])
def test_nonsense_in_the_cookie_is_no_choice(admin: Client, nonsense: str) -> None:
    admin.cookies["language"] = nonsense
    assert admin.get("/services/")["Content-Language"] == "en"


def test_caches_are_told_what_the_language_hangs_on(client: Client, db: None) -> None:
    answer = client.get("/login/")
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in answer["Vary"].split(",")}


def test_the_console_has_a_language_of_its_own_for_who_names_none(admin: Client, settings: Any) -> None:
    settings.LANGUAGE_CODE = "zh-hans"
    assert admin.get("/services/")["Content-Language"] == "zh-hans"
    assert admin.get("/services/", headers={"Accept-Language": "en"})["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("latin", "chinese"), [(". ", "。"), (": ", "："), (", ", "，"), (".", "。"), (":", "："), (" · ", " · ")]
)
def test_a_mark_is_of_the_language_of_the_words_before_it(latin: str, chinese: str) -> None:
    assert mark(latin) == latin
    with override("zh-hans"):
        assert mark(latin) == chinese


def test_the_heading_of_a_service_is_set_as_chinese(admin: Client) -> None:
    since = timezone.now() - timedelta(minutes=5)
    make_service(state=State.UNREACHABLE, error_kind="refused", not_serving_since=since)
    page = admin.get("/services/weather/", headers=CHINESE).content.decode()
    head = page[page.index('class="card head"') : page.index('<dl class="facts">')]
    assert "分钟</time>。" in head and "建议操作：</b>" in head
    assert latin_marks(strip_tags(head)) == []


def test_the_menu_names_each_language_in_itself(admin: Client) -> None:
    menu = admin.get("/look/", headers=CHINESE).content.decode()
    assert "English" in menu and "简体中文" in menu and "跟随浏览器" in menu


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Shanghai", "08:30:00 CST"),
        ("", "00:30:00 UTC"),
        ("Mars/Olympus", "00:30:00 UTC"),
        ("../x", "UTC"),
    ],
)
def test_times_are_of_the_zone_that_was_chosen(admin: Client, zone: str, shown: str) -> None:
    make_service(last_ping_at=datetime(2026, 11, 21, 0, 30, tzinfo=UTC))
    admin.post("/look/", {"zone": zone})
    assert shown in admin.get("/services/weather/").content.decode()
    assert zones.current() == django_settings.SHOWN_TIME_ZONE


def test_one_choice_leaves_the_others(admin: Client) -> None:
    admin.post("/look/", {"zone": "Asia/Shanghai"})
    admin.post("/look/", {"theme": "dark"})
    assert (admin.cookies["zone"].value, admin.cookies["theme"].value) == ("Asia/Shanghai", "dark")

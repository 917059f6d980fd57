"""One mail for many alerts names them, and says how many more there are."""

from __future__ import annotations

import re
from dataclasses import replace

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.email import build
from tests.support.letters import letter


def test_a_mail_lists_the_members_of_a_group_and_says_how_many_more_there_are() -> None:
    members = [{"service": f"s{n}", "episode": n, "message": f"<s{n}> is down"} for n in range(300)]
    to = Config(to=("ann@example.org",))
    mail = build(letter(to, service=None, members=members, members_count=1234))
    assert "- <s199> is down\nand 1034 more\n" in str(mail.body) and "<s200>" not in str(mail.body)
    assert "<li>&lt;s199&gt; is down</li><li>and 1034 more</li>" in str(mail.alternatives[0][0])


def test_each_member_of_a_group_has_its_link_beneath_it() -> None:
    link = "https://mcp.example.org/alerts/act/x/"
    members = [{"message": "a is down", "acknowledge": link}, {"message": "b is back"}]
    mail = build(letter(Config(to=("ann@example.org",)), service=None, members=members, members_count=2))
    assert f"- a is down\n  Acknowledge: {link}\n- b is back\n" in str(mail.body)
    html = str(mail.alternatives[0][0])
    assert re.search(f'<li>a is down <a href="{link}"[^>]*>Acknowledge</a></li><li>b is back</li>', html)


def test_a_reminder_stands_in_the_thread_of_its_beginning() -> None:
    to = Config(to=("ann@example.org",))
    end = letter(to, "resolved")
    begin, mail = build(letter(to)), build(replace(end, kind="reminder"))
    assert mail.subject == f"Re: {begin.subject}" == build(end).subject
    assert mail.extra_headers["In-Reply-To"] == build(end).extra_headers["In-Reply-To"]


def test_a_mail_has_the_links_that_act_in_its_text_and_as_buttons() -> None:
    links = {
        name: f"https://mcp.example.org/alerts/act/{name}/" for name in ("acknowledge", "snooze", "check")
    }
    mail = build(letter(Config(to=("ann@example.org",)), actions=links))
    ((html, _kind),) = mail.alternatives
    for name, label in zip(links, ("Acknowledge", "Snooze 1 h", "Check now"), strict=True):
        assert f"\n{label}: {links[name]}\n" in str(mail.body)
        assert re.search(f'<a href="{links[name]}"[^>]*>{label}</a>', str(html))
    assert "Acknowledge" not in str(build(letter(Config(to=("ann@example.org",)), "resolved")).body)

"""One mail for many alerts names them, and says how many more there are."""

from __future__ import annotations

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.email import build
from tests.support.letters import letter


def test_a_mail_lists_the_members_of_a_group_and_says_how_many_more_there_are() -> None:
    members = [{"service": f"s{n}", "episode": n, "message": f"<s{n}> is down"} for n in range(300)]
    to = Config(to=("ann@example.org",))
    mail = build(letter(to, service=None, members=members, members_count=1234))
    assert "- <s199> is down\nand 1034 more\n" in str(mail.body) and "<s200>" not in str(mail.body)
    assert "<li>&lt;s199&gt; is down</li><li>and 1034 more</li>" in str(mail.alternatives[0][0])

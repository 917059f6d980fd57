"""WeCom (WeChat Work), by a robot of a group.

developer.work.weixin.qq.com/document/path/91770: a text has 2,048 bytes of UTF-8, 20 messages a minute.
HTTP 200 with an `errcode` other than 0 is a refusal; 45009 means too fast, and no time to wait is given.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape, host_of
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, is_zero, succeeded
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.pace import Pace

TEXT = Limit(most=2048, unit=Unit.BYTES)
TOO_FAST, WAIT = 45009, timedelta(seconds=60)


def build(letter: Letter) -> list[Call]:
    content = {"msgtype": "text", "text": {"content": message.of(letter).plain(TEXT)}}
    return [Call.json(letter.config.url, content)]


def judge(answer: Answer) -> str:
    code = answer.content.get("errcode")
    wait = WAIT if code == TOO_FAST else None
    succeeded(answer, wait)
    if not is_zero(code):
        raise answer.refused(wait=wait)
    return answer.said


KIND = Kind(
    key="wecom",
    word=lazy("WeCom"),
    group=Group.CHAT,
    help=lazy("Posts to a WeCom (WeChat Work) group through its robot."),
    fields=(
        Field(
            name="url",
            label=lazy("Webhook URL"),
            help=lazy("Group → … → Add group robot → New: copy the webhook address."),
            shape=Shape.URL,
            secret=True,
            placeholder="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
            check=checks.url,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=host_of,
    limit=TEXT,
    paces=(Pace(count=20, seconds=60),),
)

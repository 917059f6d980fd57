"""DingTalk, by a custom robot of a group.

open.dingtalk.com, "Custom robot": the signature is HMAC-SHA256 of "timestamp\\nsecret" under the secret,
in base64, in the address; 20 messages a minute, then none for ten minutes. HTTP 200 with an `errcode`
other than 0 is a refusal.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import quote_plus

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape, host_of
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, is_zero, seconds, succeeded, within
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.pace import Pace

WHOLE = 20_000
TEXT = Limit(most=15_000, unit=Unit.BYTES)
TOO_FAST = (130101, 130103)
LEAST_WAIT = timedelta(seconds=60)


def signed(url: str, secret: str, now: datetime) -> str:
    """The address with time and signature; as it is where there is no secret."""
    if not secret:
        return url
    moment = round(now.timestamp() * 1000)
    mark = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
    return f"{url}&timestamp={moment}&sign={quote_plus(base64.b64encode(mark))}"


def build(letter: Letter) -> list[Call]:
    config = letter.config
    url, said = signed(config.url, config.value("signing"), letter.now), message.of(letter)

    def make(limit: Limit) -> Call:
        return Call.json(url, {"msgtype": "text", "text": {"content": said.plain(limit)}})

    return [within(WHOLE, make, TEXT)]


def judge(answer: Answer) -> str:
    code, wait = answer.content.get("errcode"), None
    if code in TOO_FAST or answer.status == 429:
        wait = max(seconds(answer.content.get("wait")) or LEAST_WAIT, LEAST_WAIT)
    succeeded(answer, wait)
    if not is_zero(code):
        raise answer.refused(wait=wait)
    return answer.said


KIND = Kind(
    key="dingtalk",
    word=lazy("DingTalk"),
    group=Group.CHAT,
    help=lazy("Posts to a DingTalk group through a custom robot."),
    fields=(
        Field(
            name="url",
            label=lazy("Webhook URL"),
            help=lazy("Group settings → Group Assistant → Add Robot → Custom: copy the webhook."),
            shape=Shape.URL,
            secret=True,
            placeholder="https://oapi.dingtalk.com/robot/send?access_token=…",
            check=checks.url,
        ),
        Field(
            name="signing",
            label=lazy("Signing secret"),
            help=lazy("The text that begins with SEC, if “Additional Signature” is selected for the robot."),
            secret=True,
            required=False,
            placeholder="SEC…",
            check=checks.token,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=host_of,
    limit=TEXT,
    paces=(Pace(count=20, seconds=60),),
)

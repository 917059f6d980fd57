"""Feishu and Lark, by a custom bot of a group.

open.feishu.cn, "Custom bot usage guide" and "Rate limits": the signature is HMAC-SHA256 of nothing under
the key "timestamp\\nsecret", in base64, in the body; 20 KB a request, 100 messages a minute, 5 a second.
HTTP 200 with a `code` other than 0 is a refusal; the wait stands in `x-ogw-ratelimit-reset`, not in
`Retry-After`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape, host_of
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, is_zero, seconds, succeeded, within
from lifecycle.alerts.senders.letter import Letter
from lifecycle.alerts.senders.message import Message
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.pace import Pace

WHOLE = 20_000
TEXT, TITLE = Limit(most=15_000, unit=Unit.BYTES), Limit(most=500, unit=Unit.BYTES)
TOO_FAST, WAIT = (11232, 99991400, 9499001), timedelta(seconds=60)


def signature(secret: str, moment: int) -> str:
    return base64.b64encode(hmac.new(f"{moment}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def build(letter: Letter) -> list[Call]:
    proof, said = _proof(letter.config.value("signing"), letter.now), message.of(letter)

    def make(limit: Limit) -> Call:
        content = {"post": {"en_us": _post(said, limit)}}
        return Call.json(letter.config.url, {**proof, "msg_type": "post", "content": content})

    return [within(WHOLE, make, TEXT)]


def _post(said: Message, limit: Limit) -> dict[str, Any]:
    """Its texts are no markup, so that none of a server's calls everybody."""
    text = {"tag": "text", "text": said.body(limit)}
    links = [[{"tag": "a", "text": word, "href": address}] for word, address in said.links]
    return {"title": TITLE.cut(said.headline), "content": [[text], *links]}


def _proof(secret: str, now: datetime) -> dict[str, Any]:
    moment = int(now.timestamp())
    return {"timestamp": str(moment), "sign": signature(secret, moment)} if secret else {}


def judge(answer: Answer) -> str:
    """Of the two spellings of a yes the newer one is asked first."""
    content = answer.content
    code = content.get("code", content.get("StatusCode"))
    wait = seconds(answer.headers.get("x-ogw-ratelimit-reset"))
    if code in TOO_FAST:
        wait = wait or WAIT
    succeeded(answer, wait)
    if not is_zero(code):
        raise answer.refused(wait=wait)
    return answer.said


KIND = Kind(
    key="feishu",
    word=lazy("Feishu / Lark"),
    group=Group.CHAT,
    help=lazy("Posts to a group of Feishu or Lark through a custom bot."),
    fields=(
        Field(
            name="url",
            label=lazy("Webhook URL"),
            help=lazy("Group settings → Bots → Add Bot → Custom Bot: copy the webhook URL."),
            shape=Shape.URL,
            secret=True,
            placeholder="https://open.feishu.cn/open-apis/bot/v2/hook/…",
            check=checks.url,
        ),
        Field(
            name="signing",
            label=lazy("Signing secret"),
            help=lazy("Its secret, if “Set signature verification” is selected for the bot."),
            secret=True,
            required=False,
            check=checks.token,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=host_of,
    limit=TEXT,
    paces=(Pace(count=5, seconds=1), Pace(count=100, seconds=60)),
)

"""Telegram, by a bot.

core.telegram.org/bots/api: 4,096 UTF-16 units a message, one a second to a chat and 20 a minute to a
group; `ok` says whether it was taken, `parameters.retry_after` how many seconds to wait.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.channels.kind import Field, Group, Kind
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, seconds, succeeded
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.pace import Pace

API = "https://api.telegram.org"
TEXT = Limit(most=4096, unit=Unit.UTF16)


def build(letter: Letter) -> list[Call]:
    """Without `parse_mode`: a text is a text, and nothing in it is markup."""
    config, said = letter.config, message.of(letter)
    buttons = said.actions if has_buttons(said.url) else ()
    content: dict[str, Any] = {
        "chat_id": config.value("chat"),
        "text": (replace(said, actions=()) if buttons else said).plain(TEXT),
        "link_preview_options": {"is_disabled": True},
    }
    if buttons:
        row = [{"text": word, "url": address} for word, address in buttons]
        content["reply_markup"] = {"inline_keyboard": [row]}
    if topic := config.value("topic"):
        content["message_thread_id"] = int(topic)
    return [Call.json(f"{config.url or API}/bot{config.value('token')}/sendMessage", content)]


def has_buttons(url: str) -> bool:
    """Whether such addresses may be buttons: Telegram refuses a message with one of localhost."""
    host = urlsplit(url).hostname or ""
    return "." in host and not host.replace(".", "").isdecimal()


def judge(answer: Answer) -> str:
    content = answer.content
    given = content.get("parameters")
    succeeded(answer, seconds(given.get("retry_after")) if isinstance(given, dict) else None)
    if content.get("ok") is not True:
        raise answer.refused()
    result = content.get("result")
    number = result.get("message_id") if isinstance(result, dict) else None
    return f"{answer.status} {answer.reason}: message {number}"


def summary(config: Config) -> str:
    return f"chat {config.value('chat')}"


KIND = Kind(
    key="telegram",
    word=lazy("Telegram"),
    group=Group.CHAT,
    help=lazy("Sends to a chat, group or channel through your own bot."),
    fields=(
        Field(
            name="token",
            label=lazy("Bot token"),
            help=lazy("In Telegram, send /newbot to @BotFather; the reply contains the token."),
            secret=True,
            placeholder="123456789:AA…",
            check=checks.telegram_token,
            longest=200,
        ),
        Field(
            name="chat",
            label=lazy("Chat"),
            help=lazy(
                "The number of the chat or group (negative for groups), or the @name of a public "
                "channel. Add the bot first and send a message; getUpdates of the bot then shows the "
                "number."
            ),
            placeholder="-1001234567890",
            check=checks.telegram_chat,
            longest=100,
        ),
        Field(
            name="topic",
            label=lazy("Topic"),
            help=lazy("The topic number, for groups with topics; otherwise empty."),
            required=False,
            check=checks.number,
            longest=12,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=summary,
    limit=TEXT,
    paces=(Pace(count=1, seconds=1), Pace(count=20, seconds=60)),
)

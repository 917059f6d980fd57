"""What providers are sent: signed as they publish it, within their limits, with nothing in it that acts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.chat import dingtalk, discord, feishu, slack, teams, telegram, wecom
from lifecycle.alerts.senders.http import Build
from lifecycle.alerts.senders.paging import opsgenie, pagerduty
from lifecycle.alerts.senders.push import gotify, ntfy
from lifecycle.core.alerting.fitting import Limit, Unit
from tests.support.letters import letter
from tests.support.provider_answers import SPOKEN

BUILDS: Mapping[str, Build] = {
    "slack": slack.build,
    "teams": teams.build,
    "dingtalk": dingtalk.build,
    "wecom": wecom.build,
    "feishu": feishu.build,
    "telegram": telegram.build,
    "discord": discord.build,
    "pagerduty": pagerduty.build,
    "opsgenie": opsgenie.build,
    "ntfy": ntfy.build,
    "gotify": gotify.build,
}


def sent(kind: str, of: str = "firing", **data: Any) -> list[dict[str, Any]]:
    spoken = SPOKEN[kind]
    config = Config().having({**spoken.settings, "url": spoken.at.format("https://x.example.org")})
    return [json.loads(call.body) for call in BUILDS[kind](letter(config, of, **data))]


LINKS = {
    name: f"https://mcp.example.org/alerts/act/7-3-{name[0]}-1764331200.{'x' * 43}/"
    for name in ("acknowledge", "snooze", "check")
}
LABELS = ["Acknowledge", "Snooze 1 h", "Check now"]
HOME = "https://mcp.example.org/services/weather/"


def pairs(kind: str) -> list[tuple[str, str]]:
    """The word and the address of each link or button, as the receiver is sent it."""
    body = sent(kind, actions=LINKS, url=HOME)[0]
    match kind:
        case "slack":
            text = body["blocks"][-1]["elements"][0]["text"]
            return [(word, address) for address, word in re.findall(r"<([^|>]+)\|([^>]+)>", text)]
        case "teams":
            actions = body["attachments"][0]["content"]["actions"]
            return [(one["title"], one["url"]) for one in actions if one["type"] == "Action.OpenUrl"]
        case "discord":
            return re.findall(r"\[([^\]]+)\]\(([^)]+)\)", body["embeds"][0]["fields"][0]["value"])
        case "telegram":
            (row,) = body["reply_markup"]["inline_keyboard"]
            return [(one["text"], one["url"]) for one in row]
        case "feishu":
            lines = body["content"]["post"]["en_us"]["content"]
            return [(part["text"], part["href"]) for line in lines for part in line if part["tag"] == "a"]
        case "ntfy":
            assert {one["action"] for one in body["actions"]} == {"view"}
            return [(one["label"], one["url"]) for one in body["actions"]]
        case "pagerduty":
            return [(one["text"], one["href"]) for one in body["links"]]
        case _:
            whole = {"gotify": "message", "opsgenie": "description"}.get(kind)
            text = body[whole] if whole else body["text"]["content"]
            return re.findall(r"^([A-Z][\w ]+): (https://\S+)$", text, re.M)


@pytest.mark.parametrize("kind", BUILDS)
def test_every_kind_brings_the_links_that_act(kind: str) -> None:
    found = dict(pairs(kind))
    assert {label: found.get(label) for label in LABELS} == dict(zip(LABELS, LINKS.values(), strict=True))


@pytest.mark.parametrize("kind", BUILDS)
def test_an_end_and_a_test_bring_none(kind: str) -> None:
    for of in ("resolved", "test"):
        assert "act/" not in json.dumps(sent(kind, of))


def test_telegram_gets_lines_where_it_takes_no_buttons() -> None:
    links = {name: address.replace("mcp.example.org", "localhost:8000") for name, address in LINKS.items()}
    body = sent("telegram", actions=links, url="http://localhost:8000/services/weather/")[0]
    assert "reply_markup" not in body and "Acknowledge: https://localhost:8000/" in body["text"]


@pytest.mark.parametrize("kind", BUILDS)
def test_long_links_leave_the_message_its_room(kind: str) -> None:
    far = {name: address.replace("act/", "act/" + "y" * 900) for name, address in LINKS.items()}
    body = json.dumps(sent(kind, actions=far, url=HOME)[0], ensure_ascii=False)
    assert "weather" in body and HOME in body


def test_dingtalk_signs_as_its_published_sample_does() -> None:
    """The value is what the sample code of its documentation makes of this time and "this is secret"."""
    now = datetime.fromtimestamp(1763726400, UTC)
    url = dingtalk.signed("https://oapi.dingtalk.com/robot/send?access_token=t", "this is secret", now)
    assert url.endswith("&timestamp=1763726400000&sign=ubowj1rHSJQEMPAXULLtUKCoK7%2FZ6%2BsvxfzntScCfnE%3D")
    assert dingtalk.signed("https://x/?a=b", "", now) == "https://x/?a=b"


def test_feishu_signs_as_its_published_sample_does() -> None:
    """The value is what gen_sign() of its guide makes of the guide's time and "demo-secret"."""
    assert feishu.signature("demo-secret", 1599360473) == "3/MaVZ8JLIy4TUG+7KSFJqvUkTKd+HWY8g+56DZWq8s="
    config = Config(url="https://x", more={"signing": "demo-secret"})
    body = json.loads(feishu.build(letter(config))[0].body)
    assert body["sign"] == feishu.signature("demo-secret", int(body["timestamp"]))
    assert "sign" not in json.loads(feishu.build(letter(Config(url="https://x")))[0].body)


def card_text(body: Mapping[str, Any]) -> str:
    blocks = body["attachments"][0]["content"]["body"]
    return "\n".join(run["text"] for block in blocks for run in block["inlines"])


TEXTS: list[tuple[str, Callable[[Mapping[str, Any]], str], int, Unit]] = [
    ("slack", lambda body: body["blocks"][0]["text"]["text"], 150, Unit.UTF16),
    ("slack", lambda body: body["blocks"][1]["text"]["text"], 3000, Unit.UTF16),
    ("slack", lambda body: body["text"], 4000, Unit.UTF16),
    ("teams", card_text, 16_600, Unit.BYTES),
    ("dingtalk", lambda body: body["text"]["content"], 15_000, Unit.BYTES),
    ("wecom", lambda body: body["text"]["content"], 2048, Unit.BYTES),
    ("feishu", lambda body: body["content"]["post"]["en_us"]["content"][0][0]["text"], 15_000, Unit.BYTES),
    ("telegram", lambda body: body["text"], 4096, Unit.UTF16),
    ("discord", lambda body: body["embeds"][0]["title"], 256, Unit.UTF16),
    ("discord", lambda body: body["embeds"][0]["description"], 4096, Unit.UTF16),
    ("pagerduty", lambda body: body["payload"]["summary"], 1024, Unit.UTF16),
    ("opsgenie", lambda body: body["message"], 130, Unit.UTF16),
    ("opsgenie", lambda body: body["description"], 15_000, Unit.UTF16),
    ("ntfy", lambda body: body["message"], 4096, Unit.BYTES),
    ("ntfy", lambda body: body["title"], 250, Unit.BYTES),
    ("gotify", lambda body: body["message"], 4096, Unit.BYTES),
]
WHOLE = {
    "slack": 50_000,
    "teams": 28 * 1024,
    "feishu": 20 * 1024,
    "dingtalk": 20_000,
    "pagerduty": 512 * 1024,
}
"""What a whole request may have, in bytes."""


@pytest.mark.parametrize(("kind", "of", "most", "unit"), TEXTS)
@pytest.mark.parametrize("letters", ["天气", "😀", "<a&b>", '"\\\n*[x](y)', '"'])
def test_every_text_keeps_to_its_limit_in_its_own_unit(
    kind: str, of: Callable[[Mapping[str, Any]], str], most: int, unit: Unit, letters: str
) -> None:
    long = letters * 5000
    data: dict[str, Any] = {"reason": long, "message": long, "service": long, "advice": [letters * 30] * 2000}
    body = sent(kind, **data)[0]
    text = of(body)
    assert Limit(most=most, unit=unit).measure(text) <= most
    assert Limit(most=most, unit=unit).measure(text) > most / 6 and ("…" in text or " more" in text)
    assert "\ufffd" not in text and text.encode("utf-16", "ignore").decode("utf-16") == text
    assert len(json.dumps(body, ensure_ascii=False).encode()) <= WHOLE.get(kind, 10**9)


@pytest.mark.parametrize("kind", ["wecom", "telegram", "dingtalk", "slack"])
def test_a_thousand_members_are_shortened_and_counted(kind: str) -> None:
    members = [{"service": f"服务-{n}", "episode": n, "message": f"服务-{n} is down"} for n in range(1000)]
    text = next(of for name, of, *_ in reversed(TEXTS) if name == kind)(
        sent(kind, members=members, members_count=2500)[0]
    )
    kept = text.count("is down\n")
    assert f"and {2500 - kept} more" in text and kept > 20


@pytest.mark.parametrize("kind", list(BUILDS))
def test_all_say_what_happened_where_and_since_when(kind: str) -> None:
    whole = json.dumps(sent(kind), ensure_ascii=False)
    for word in ("weather", "RECONNECTING", "réseau", "2026-11-21 12:00:00", "services/weather/"):
        assert word in whole, word
    ended = json.dumps(sent(kind, "resolved"), ensure_ascii=False)
    assert ("7" in ended) if kind == "pagerduty" else ("serves again" in ended)


def test_nothing_in_a_servers_words_acts_in_a_chat() -> None:
    bad = '<!channel> <@U1> [x](http://evil) @everyone @all <at user_id="all"></at> &lt;'
    blocks = sent("slack", reason=bad, message=bad)[0]["blocks"]
    assert "<" not in blocks[1]["text"]["text"] and "&lt;!channel&gt;" in blocks[1]["text"]["text"]
    post = sent("feishu", reason=bad, message=bad)[0]["content"]["post"]["en_us"]["content"]
    assert [part["tag"] for line in post for part in line] == ["text", "a"]
    embed = sent("discord", reason=bad, message=bad)[0]
    assert embed["allowed_mentions"] == {"parse": []} and "\\[x\\](" in embed["embeds"][0]["description"]
    assert "parse_mode" not in sent("telegram")[0]
    card = sent("teams", reason=bad, message=bad)[0]["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert sent("wecom")[0]["msgtype"] == sent("dingtalk")[0]["msgtype"] == "text"


@pytest.mark.parametrize("kind", list(BUILDS))
def test_characters_that_steer_the_screen_reach_nobody(kind: str) -> None:
    bad = "a\u202egnp.exe\x1b[2J"
    assert "\u202e" not in json.dumps(sent(kind, reason=bad, message=bad, rule=bad), ensure_ascii=False)


def key(body: Mapping[str, Any]) -> str:
    return str(body["dedup_key"])


def test_pagerduty_opens_and_resolves_one_incident_for_each_episode() -> None:
    (begin,), (end,) = sent("pagerduty"), sent("pagerduty", "resolved")
    assert (begin["event_action"], end["event_action"]) == ("trigger", "resolve")
    assert key(begin) == key(end) == "console.example.org:8000/episodes/7"
    assert begin["payload"]["severity"] == "error"
    moved = sent("pagerduty", "resolved", url="https://new.example.org/services/weather/")
    assert key(moved[0]) == key(begin)
    members = [{"service": name, "episode": number} for number, name in enumerate("ab", 1)]
    several = sent("pagerduty", members=members)
    assert [key(body).rpartition("/")[2] for body in several] == ["1", "2"]
    assert [body["payload"]["source"] for body in several] == ["a", "b"]


def test_opsgenie_opens_and_closes_one_alert_for_each_episode() -> None:
    config = Config(url="https://x/v2/alerts", more={"key": "k"})
    (begin,), (end,) = opsgenie.build(letter(config)), opsgenie.build(letter(config, "resolved"))
    opened = json.loads(begin.body)
    assert opened["alias"] == "console.example.org:8000/episodes/7" and opened["priority"] == "P2"
    assert urlsplit(end.url).path == "/v2/alerts/console.example.org%3A8000%2Fepisodes%2F7/close"
    assert parse_qs(urlsplit(end.url).query) == {"identifierType": ["alias"]}
    assert begin.headers["authorization"] == end.headers["authorization"] == "GenieKey k"


def test_a_test_leaves_no_incident_open() -> None:
    opened, ended = sent("pagerduty", "test")
    assert (opened["event_action"], ended["event_action"]) == ("trigger", "resolve")
    assert key(opened) == key(ended) and "/tests/" in key(opened) and opened["payload"]["severity"] == "info"
    assert len(sent("opsgenie", "test")) == 2


def test_each_goes_to_the_service_that_is_chosen() -> None:
    for region, host in (("us", "events.pagerduty.com"), ("eu", "events.eu.pagerduty.com")):
        (call,) = pagerduty.build(letter(Config(more={"key": "k", "region": region})))
        assert call.url == f"https://{host}/v2/enqueue"
    (call,) = telegram.build(letter(Config(more={"token": "1:A", "chat": "-5", "topic": "9"})))
    assert call.url == "https://api.telegram.org/bot1:A/sendMessage"
    assert json.loads(call.body)["message_thread_id"] == 9
    (call,) = opsgenie.build(letter(Config(more={"key": "k", "product": "eu"})))
    assert call.url == "https://api.eu.opsgenie.com/v2/alerts"
    (call,) = ntfy.build(letter(Config(url="https://n.example.org", more={"topic": "t"})))
    assert call.url == "https://n.example.org/" and "authorization" not in call.headers
    (call,) = gotify.build(letter(Config(url="https://g.example.org/sub/", more={"token": "A"})))
    assert call.url == "https://g.example.org/sub/message" and call.headers["x-gotify-key"] == "A"
    (call,) = discord.build(letter(Config(url="https://d/api/webhooks/1/x?thread_id=5")))
    assert call.url == "https://d/api/webhooks/1/x?thread_id=5&wait=true"

"""A storm in Chromium: 40 of 300 fail, one message each; acknowledged, silenced, over; what was not told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.doubles.fault_server import FaultServer
from tests.doubles.provider import Provider
from tests.support.bench import Bench
from tests.support.browser import BrowserPage
from tests.support.console import Console, ConsoleStarter, eventually
from tests.support.providers import providers
from tests.support.receivers import SmtpReceiver, WebhookReceiver

pytestmark = [pytest.mark.browser, pytest.mark.alone, pytest.mark.timeout(240)]
STORM = [f"s{number:03}" for number in range(40)]
CALM = [f"s{number:03}" for number in range(40, 296)]
UNTOLD = ("quiet", "leaf", "brief", "lab")
CHATS = ("slack", "dingtalk", "feishu")
TAKEN_ON = "s007"
RULE = "Service down"

HASTY = {
    "health_check_interval": 5,
    "failure_recheck_interval": 1,
    "warning_failure_threshold": 1,
    "reconnecting_failure_threshold": 2,
    "quick_max_delay": 2,
    "base_delay": 2,
    "max_delay": 2,
}


class Fleet(FaultServer):
    """As many servers as there are paths; those in `down` answer 500."""

    def __init__(self) -> None:
        super().__init__()
        self.down: set[str] = set()

    def fault(self, path: str) -> tuple[str, str]:
        return ("500" if path.split("/")[1] in self.down else "ok"), "modern"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def fleet(bench: Bench) -> Fleet:
    fleet = Fleet()
    bench.adopt(fleet)
    return fleet


@pytest.fixture
def chats(bench: Bench) -> Iterator[dict[str, Provider]]:
    with providers(bench, CHATS) as found:
        yield found


@pytest.fixture
def console(start_console: ConsoleStarter, smtp_receiver: SmtpReceiver) -> Console:
    made = start_console(EMAIL_URL=smtp_receiver.url)
    made.api.patch("policies/normal", json=HASTY).raise_for_status()
    pacing = {"alert_group_wait": 15, "alert_group_interval": 12}
    made.api.patch("monitoring-settings", json=pacing).raise_for_status()
    return made


def test_a_storm_is_told_once_and_what_is_not_told_is_explained(
    console: Console,
    browser_page: BrowserPage,
    fleet: Fleet,
    chats: dict[str, Provider],
    smtp_receiver: SmtpReceiver,
    webhook_receiver: WebhookReceiver,
) -> None:
    page = browser_page.sign_in(console, "/alerts/channels/")
    secret = add_channels(page, console, webhook_receiver, chats)
    write_rule(page, console)
    register(console, fleet)

    fleet.down |= {*STORM, "leaf", "brief", "lab"}
    eventually(lambda: state_of(console, "brief"), "an alert of brief waits", 30)
    fleet.down.remove("brief")
    counts = told(smtp_receiver, webhook_receiver, chats)
    eventually(lambda: set(counts()) == {1}, "each channel was told", 60)
    check_storm(smtp_receiver, webhook_receiver, secret, chats)

    acknowledge(browser_page, link_in(smtp_receiver))
    assert state_of(console, TAKEN_ON) == "acknowledged"
    silence(page, console, [name for name in STORM if name != TAKEN_ON] + ["quiet"])
    fleet.down.add("quiet")
    eventually(lambda: state_of(console, "quiet") == "firing", "quiet fires, silently", 40)

    fleet.down.clear()
    eventually(lambda: healthy(console) == 300, "all serve again", 60)
    eventually(lambda: set(counts()) == {2}, "each channel was told of the end", 60)
    check_end(webhook_receiver, secret)
    check_reasons(page, console)
    assert set(counts()) == {2}


def add_channels(
    page: Page, console: Console, webhook_receiver: WebhookReceiver, chats: dict[str, Provider]
) -> str:
    """One of each kind, by its page; the webhook's signing secret."""
    for kind, chat in chats.items():
        signing = {} if kind == "slack" else {"signing": "SECsigning-secret"}
        add_channel(page, console, kind, url=f"{chat.url}/hook?key=secret-token", **signing)
    add_channel(page, console, "email", to="ops@example.org")
    add_channel(page, console, "webhook", url=webhook_receiver.url)
    return page.locator("code.secret").inner_text()


def add_channel(page: Page, console: Console, kind: str, **fields: str) -> None:
    page.goto(f"{console.address}/alerts/channels/add/{kind}/")
    for field, value in {"name": f"by {kind}", **fields}.items():
        page.fill(f"[name={field}]", value)
    page.uncheck("[name=all_rules]")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(lambda url: not url.endswith(f"/add/{kind}/"))


def write_rule(page: Page, console: Console) -> None:
    """The shipped rule, for what has a tag, after 8 s, by all channels."""
    page.goto(f"{console.address}/alerts/rules/")
    page.get_by_role("link", name=RULE, exact=True).click()
    page.fill("[name=lasting]", "8")
    page.select_option("[name=scope]", "tags")
    page.fill("[name=values]", "fleet")
    page.fill("[name=message]", "{service} is {state}")
    channels = page.locator("fieldset", has=page.locator("[name=channels]"))
    for kind in (*CHATS, "email", "webhook"):
        channels.get_by_label(f"by {kind}").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/alerts/rules/")


def register(console: Console, fleet: Fleet) -> None:
    """300 services of one address; all are in the rule's scope but one, and one needs another."""
    address = fleet.url.removesuffix("/mcp")
    entries = {
        name: {"url": f"{address}/{name}/mcp", "tags": [] if name == "lab" else ["fleet"]}
        for name in (*STORM, *CALM, *UNTOLD)
    }
    entries["leaf"]["dependsOn"] = [STORM[0]]
    console.register(**entries)
    eventually(lambda: healthy(console) == 300, "300 services are healthy", 90, pause=0.3)


def healthy(console: Console) -> int:
    rows = console.rows("SELECT count(*) AS n FROM lifecycle_servicestate WHERE state = 'HEALTHY'")
    return int(rows[0]["n"])


def state_of(console: Console, name: str) -> str:
    """The state of the rule's last episode of the service; empty where there is none."""
    sql = """SELECT e.state FROM lifecycle_episode e JOIN registry_service s ON s.id = e.service_id
             JOIN lifecycle_alertrule r ON r.id = e.rule_id WHERE s.name = ? AND r.name = ?
             ORDER BY e.id DESC"""
    rows = console.rows(sql, name, RULE)
    return str(rows[0]["state"]) if rows else ""


def told(
    smtp_receiver: SmtpReceiver, webhook_receiver: WebhookReceiver, chats: dict[str, Provider]
) -> Callable[[], list[int]]:
    """How many messages each receiver has."""
    taken: list[Sequence[object]] = [smtp_receiver.messages, webhook_receiver.requests]
    taken += [chat.requests for chat in chats.values()]
    return lambda: [len(messages) for messages in taken]


def check_storm(
    smtp_receiver: SmtpReceiver, webhook_receiver: WebhookReceiver, secret: str, chats: dict[str, Provider]
) -> None:
    """Each of the messages names all that fail and are told, and no other."""
    (body,) = webhook_receiver.verified(secret)
    assert (body["type"], body["data"]["firing_count"]) == ("alert.firing", 40)
    assert sorted(member["service"] for member in body["data"]["members"]) == STORM
    texts = {"email": text_of(smtp_receiver)}
    texts |= {kind: chat.requests[0].body.decode() for kind, chat in chats.items()}
    for kind, text in texts.items():
        named = set(re.findall(r"- (\w+) is RECONNECTING", text))
        assert named == set(STORM), kind


def text_of(smtp_receiver: SmtpReceiver) -> str:
    plain = smtp_receiver.messages[0].get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())


def link_in(smtp_receiver: SmtpReceiver) -> str:
    found = re.search(rf"- {TAKEN_ON} is RECONNECTING\s+Acknowledge: (\S+)", text_of(smtp_receiver))
    assert found is not None
    return found[1]


def acknowledge(browser_page: BrowserPage, link: str) -> None:
    """In the browser of somebody who is not signed in."""
    browser = browser_page.context.browser
    assert browser is not None
    with browser.new_context() as phone:
        page = phone.new_page()
        page.goto(link)
        expect(page.get_by_role("heading", name=f"{TAKEN_ON} · {RULE}")).to_be_visible()
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.locator("p.toast.success")).to_contain_text("Acknowledged")
        assert not [cookie for cookie in phone.cookies() if "session" in str(cookie)]


def silence(page: Page, console: Console, names: list[str]) -> None:
    page.goto(f"{console.address}/alerts/silences/add/")
    page.get_by_label("Services", exact=True).fill(", ".join(names))
    page.get_by_label("Comment", exact=True).fill("moving racks")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/alerts/silences/")


def check_end(webhook_receiver: WebhookReceiver, secret: str) -> None:
    """Whoever was told of the beginning is told of the end: acknowledged, silenced, or neither."""
    _begin, end = webhook_receiver.verified(secret)
    assert (end["type"], end["data"]["resolved_count"]) == ("alert.resolved", 40)
    assert sorted(member["service"] for member in end["data"]["members"]) == STORM


def check_reasons(page: Page, console: Console) -> None:
    reasons = {
        "quiet": "Silenced: moving racks",
        "leaf": "Not sent: a dependency is not serving and has its own alert.",
        "brief": "before the alert was due at",
        "lab": "This service is not in the scope of the rule.",
    }
    for name, reason in reasons.items():
        page.goto(f"{console.address}/services/{name}/")
        page.get_by_role("link", name="Why was I not notified?").click()
        card = page.locator("section", has=page.get_by_role("heading", name=RULE))
        expect(card.locator("p > b")).to_contain_text(reason)

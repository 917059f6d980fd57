"""A heartbeat: an address of a monitor elsewhere, asked each minute while alerts can be delivered.

A dead console tells nobody, so somebody else has to notice. Healthchecks, Uptime Kuma (push monitors),
Cronitor and others take a GET. Some say no with a 200: "OK (not found)", or `"ok": false`.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape, host_of
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, succeeded
from lifecycle.alerts.senders.letter import Letter

NO = ("OK (",)


def build(letter: Letter) -> list[Call]:
    return [Call(url=letter.config.url, body=b"", headers={}, method="GET")]


def judge(answer: Answer) -> str:
    succeeded(answer)
    if answer.text.startswith(NO) or answer.content.get("ok") is False:
        raise answer.refused()
    return answer.said


KIND = Kind(
    key="heartbeat",
    word=lazy("Heartbeat"),
    group=Group.OTHER,
    help=lazy(
        "Calls a URL every minute while the worker can deliver alerts. An external monitor notifies "
        "you when the calls stop. Carries no alerts."
    ),
    fields=(
        Field(
            name="url",
            label=lazy("Ping URL"),
            help=lazy(
                "From a monitor that expects pings: a Healthchecks check or an Uptime Kuma push "
                "monitor. Set its period to 1 minute and its grace time to 2 minutes."
            ),
            shape=Shape.URL,
            secret=True,
            placeholder="https://hc-ping.com/…",
            check=checks.url,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=host_of,
    alerts=False,
)

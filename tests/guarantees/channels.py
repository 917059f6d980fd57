"""A channel of each native kind, each with a receiver that says yes, and what came to it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from django.utils import timezone

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.models import AlertRule, Channel
from tests.guarantees import evidence
from tests.support.bench import Bench
from tests.support.provider_answers import SPOKEN
from tests.support.providers import providers
from tests.support.receivers import SmtpReceiver, WebhookReceiver

SECRET = "whsec_" + "bWNwc3RvcmUtdGVzdHMtc2lnbmluZy1zZWNyZXQ="
PROVIDED = [kind for kind in SPOKEN if KINDS[kind].alerts and kind != "webhook"]
NATIVE = [*PROVIDED, "webhook", "email", "console"]


class Channels:
    """All of them are used by each rule."""

    def __init__(self, bench: Bench, hook: WebhookReceiver, mail: SmtpReceiver, log: Path) -> None:
        self.hook, self.mail, self.log = hook, mail, log
        self._stack = ExitStack()
        self.providers = self._stack.enter_context(providers(bench, PROVIDED))

    def close(self) -> None:
        self._stack.close()

    def add_to(self, rule: AlertRule) -> None:
        for kind in NATIVE:
            config = self._config(kind)
            rule.channels.add(
                Channel.objects.create(
                    name=kind,
                    kind=kind,
                    sealed=channel_config.seal(config),
                    summary=KINDS[kind].summary(config),
                    created_at=timezone.now(),
                )
            )

    def _config(self, kind: str) -> Config:
        if kind in self.providers:
            spoken = SPOKEN[kind]
            return Config().having({**spoken.settings, "url": spoken.at.format(self.providers[kind].url)})
        if kind == "webhook":
            return Config(url=self.hook.url, secret=SECRET)
        return Config(to=("ops@example.org",)) if kind == "email" else Config()

    def arrived(self) -> dict[str, list[str]]:
        """The ids of all messages, in their order, by the kind of their channel; a log line has none."""
        self.hook.verified(SECRET)
        found = {kind: evidence.provider_ids(one.requests) for kind, one in self.providers.items()}
        return found | {"webhook": evidence.webhook_ids(self.hook), "email": evidence.mail_ids(self.mail)}

    def logged(self) -> int:
        """How many messages stand in the workers' log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return sum("alert.firing [" in line or "alert.resolved [" in line for line in lines)

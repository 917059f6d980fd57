"""Signs in to services of a whole console, by its pages alone, as a person with a browser does."""

from __future__ import annotations

import html
import re
from typing import Self
from urllib.parse import urlsplit

from tests.doubles.authorization.person import agrees
from tests.guarantees.canary import signed_in
from tests.support.console import Console, eventually

CONSENT = re.compile(r'id="signin-go-\d+"[^>]* href="([^"]+)"')

HTMX = {"HX-Request": "true"}
HASTY = {
    "health_check_interval": 1,
    "failure_recheck_interval": 0.5,
    "quick_max_delay": 1,
    "base_delay": 1,
    "max_delay": 1,
    "max_reconnect_attempts": 3,
}
SET_UP = f"""
from django.utils import timezone
from lifecycle.models import PolicyHead, PolicyProfile
PolicyProfile.objects.create(name="normal", changes={HASTY!r}, updated_by="ann", updated_at=timezone.now())
PolicyHead.objects.update_or_create(pk=1, defaults={{"revision": 1}})
"""


def hurry(console: Console) -> None:
    """Let it look at each service every second."""
    console.python(SET_UP)


class Person:
    """The admin, in a browser with htmx."""

    def __init__(self, console: Console) -> None:
        self.console, self.client = console, signed_in(console)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def press(self, name: str) -> None:
        """The button *Sign in*."""
        headers = {**HTMX, "X-CSRFToken": self.client.cookies["csrftoken"], "Referer": self.console.address}
        answer = self.client.post(f"/services/{name}/signin/begin/", headers=headers)
        assert answer.status_code == 200, answer.text

    def card(self, name: str) -> str:
        """What the page shows of the sign-in, as HTML."""
        answer = self.client.get(f"/services/{name}/signin/", headers=HTMX)
        assert answer.status_code == 200, answer.text
        return answer.text

    def page(self, name: str) -> str:
        return self.client.get(f"/services/{name}/").text

    def consent(self, name: str) -> None:
        """Follow the link to the authorization server and come back, if the page shows it."""
        if found := CONSENT.search(self.card(name)):
            back = urlsplit(agrees(html.unescape(found[1])))
            answer = self.client.get(f"{back.path}?{back.query}", follow_redirects=False)
            assert answer.headers["location"] == f"/services/{name}/", answer.text

    def sign_in(self, *names: str, seconds: float = 120) -> None:
        """All of them at once, each up to its end, good or bad."""
        for name in names:
            self.press(name)

        def done() -> bool:
            steps = self.steps()
            for name in names:
                if steps[name] == "consent":
                    self.consent(name)
            return not any(steps[name] for name in names)

        eventually(done, "the sign-ins come to an end", seconds, 0.2)

    def steps(self) -> dict[str, str]:
        """Where each attempt stands; empty when it has ended."""
        rows = self.console.rows(
            "SELECT name, step, ended_at FROM lifecycle_signinflow JOIN registry_service ON id = service_id"
        )
        return {row["name"]: "" if row["ended_at"] else row["step"] for row in rows}

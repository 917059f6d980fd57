"""The limit on sign-in attempts, which nobody can use to lock somebody else out.

Counted are the guesses at one name from one address, and all from one address. A browser that has signed in
with the name before has a count of its own, so it gets in while strangers guess beside it; no count of
passwords is by the name alone. One of codes is: whoever types codes had the password right, and all codes are
soon tried from a thousand addresses. After a hundred wrong ones in a day, a code opens the account only in
browsers that have signed in with its name before; a passkey opens it anywhere.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest

from registry.access import audit, clients
from registry.core import forwarded
from registry.models import SignInAttempt

logger = logging.getLogger("mcpstore.signin")
OF_ONE_NAME, OF_ALL_NAMES, MANY = 10, 50, 100
CODES_OF_ONE_NAME = 100
WINDOW = timedelta(minutes=15)
KEPT = timedelta(days=1)
DOOR, NOBODY = "sign-in", "a name that nobody has"


class TooManyAttemptsError(Exception):
    """No more guesses from there for a while."""


def digest(name: str) -> str:
    """A typed name as it is kept: it may be a password in the wrong field."""
    return hmac.new(
        settings.SECRET_KEY.encode(), name.encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()[:32]


class Attempt:
    """One guess, counted before the password is looked at: many at once are counted too.

    *what* is guessed: passwords, codes or passkeys, each counted by itself.
    """

    def __init__(self, request: HttpRequest, name: str, now: datetime, what: str = "passwords") -> None:
        self.address, self.now, self._what = clients.address(request), now, what
        self.name, self._typed = digest(name if what == "passwords" else f"{what} of {name}"), name
        browser = clients.known(request).get(digest(name))
        self._known = browser is not None
        self._source = f"browser {browser}" if browser else forwarded.household(self.address)
        SignInAttempt.objects.filter(at__lt=now - KEPT).delete()
        self._row = SignInAttempt.objects.create(at=now, source=self._source, name=self.name)
        if self._over(1):
            self._row.delete()
            raise TooManyAttemptsError

    def exhausted(self) -> bool:
        """Whether this was the last one for a while."""
        return self._over(0)

    def _over(self, more: int) -> bool:
        recent = SignInAttempt.objects.filter(source=self._source, at__gt=self.now - WINDOW)
        if recent.filter(name=self.name).count() >= OF_ONE_NAME + more:
            return True
        if self._known:
            return False
        return recent.count() >= OF_ALL_NAMES + more or self._codes_are_guessed(more)

    def _codes_are_guessed(self, more: int) -> bool:
        if self._what != "codes":
            return False
        return SignInAttempt.objects.filter(name=self.name).count() >= CODES_OF_ONE_NAME + more

    def good(self) -> None:
        """It was the right password: what was wrong before is forgotten."""
        SignInAttempt.objects.filter(source=self._source, name=self.name).delete()

    def bad(self, action: str = "sign-in failed") -> None:
        """Noted with the name where somebody has it; a name that nobody has may be a password."""
        user = User.objects.filter(username=self._typed).values_list("username", flat=True).first()
        audit.note(DOOR, action, user or NOBODY, f"from {self.address}", now=self.now)
        logger.warning("%s: %s from %s", action, user or NOBODY, self.address)
        if self.exhausted():
            audit.note(
                DOOR, "sign-in refused for a while", user or NOBODY, f"from {self.address}", now=self.now
            )
        everywhere = SignInAttempt.objects.filter(name=self.name, at__gt=self.now - WINDOW).count()
        if user and everywhere == MANY:
            told = f"{self._what} guessed", user, f"{MANY} from several addresses"
            audit.note(DOOR, *told, now=self.now)
            logger.warning("%s of %s are guessed from several addresses", self._what, user)

"""No password that is little more than what anybody would try here: the names of the console, its host."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

WORDS = ("mcpstore", "mcp", "store", "console", "admin", "operator", "viewer", "password", "welcome")
SHORTEST, LEFT = 3, 4
"""Letters: of a word that counts, and of what must be left without these words."""


class OwnWordsValidator:
    """A validator of Django's AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: User | None = None) -> None:
        left = password.lower()
        for word in words(user.get_username() if user else ""):
            left = left.replace(word, "")
        if len(left) < len(password) and len(re.sub(r"[\W\d_]", "", left)) < LEFT:
            raise ValidationError(self.get_help_text(), code="password_of_own_words")

    def get_help_text(self) -> str:
        return _(
            "Your password cannot consist of words related to this console: its names, its address, its "
            "roles."
        )


def words(username: str) -> list[str]:
    """The longest first, or a part of one would be left."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    found = {*WORDS, *settings.PASSWORD_WORDS, *re.split(r"[\W_]", f"{host} {username}".lower())}
    return sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True)

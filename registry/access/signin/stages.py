"""What stands between the right password and a session."""

from __future__ import annotations

from typing import cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.stages import LoginStage
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare

from registry.access.account.factors import queries
from registry.access.signin.begin import on_the_way


class SecondFactor(LoginStage):
    """A code or a passkey, of those who have set one up; a passkey that was the way in is both at once."""

    key = "second_factor"
    urlname = "signin_second"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = cast("User | None", self.login.user)
        if user is None or not queries.has_any(user) or self._came_by_passkey():
            return None, True
        on_the_way(self.request)
        self.state["password"] = user.get_session_auth_hash()
        return redirect("signin_second"), True

    def is_of_today(self) -> bool:
        """Whether the password that was right still is."""
        user = cast("User | None", self.login.user)
        kept = str(self.state.get("password", ""))
        return user is not None and constant_time_compare(kept, user.get_session_auth_hash())

    def _came_by_passkey(self) -> bool:
        records = get_authentication_records(self.request, self.login.user)
        return any(record.get("passwordless") for record in records)

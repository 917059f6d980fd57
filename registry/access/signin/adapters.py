"""allauth's hooks: what every way of signing in does here, and how its secrets are kept."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from registry.access import clients
from registry.access.signin import begin
from registry.access.signin.throttle import digest
from registry.secrets import vault


class Accounts(DefaultAccountAdapter):
    """Nobody signs up, mails and messages are our own, and each session begins in the same way."""

    def get_login_stages(self) -> list[str]:
        """allauth's own would load all that has to do with passkeys."""
        return ["registry.access.signin.stages.SecondFactor"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return clients.address(request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Ours say more."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """The audit log has it."""

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        begin.refused(request, cast("User", user))
        return render(request, "registration/deactivated.html", status=403)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        if not user.is_active:  # since the first of two steps
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        super().login(request, user)
        begin.begin(request, cast("User", user))

    def post_login(
        self, request: HttpRequest, user: AbstractBaseUser, *, redirect_url: str | None, **more: Any
    ) -> HttpResponse:
        answer = HttpResponseRedirect(redirect_url or "/")
        clients.remember(request, answer, digest(user.get_username()))
        return answer


class SecondFactors(DefaultMFAAdapter):
    """Secrets of authenticator apps and seeds of recovery codes are sealed as all others are."""

    def encrypt(self, text: str) -> str:
        return vault.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unseal(encrypted_text)

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "MCPStore Console"}

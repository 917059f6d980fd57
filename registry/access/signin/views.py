"""Pages for signing in and out, and for changing one's own password."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm, UsernameField
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from registry.access import audit, clients
from registry.access.account.factors import passkeys
from registry.access.account.factors import queries as factors
from registry.access.roles import require
from registry.access.signin.throttle import WINDOW, Attempt, TooManyAttemptsError
from registry.installation import cookies
from registry.models import Role


def session_ended(request: HttpRequest, status: int = 200) -> HttpResponse:
    """What htmx adds to a page whose session is over: nothing was done, and where to sign in beside it."""
    answer = render(request, "registration/_session_ended.html", status=status)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#messages", "beforeend"
    return answer


class SignIn(LoginView):
    """Django's form and allauth's way in.

    A fragment's request that lands here leaves its page with what was typed there.
    """

    redirect_authenticated_user = True
    attempt: Attempt

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if getattr(request, "htmx", None):
            return session_ended(request)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        more |= {"languages": settings.LANGUAGES}
        some = not only_by_provider() and factors.anybody_has_passkeys() and passkeys.possible(self.request)
        return super().get_context_data(passkeys=some, oidc=settings.OIDC, **more)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Counted first, so that many guesses at once do not all come through."""
        if (language := request.POST.get(settings.LANGUAGE_COOKIE_NAME)) in dict(settings.LANGUAGES):
            return self.in_language(str(language))
        if only_by_provider():
            return switched_off(request)
        try:
            self.attempt = Attempt(request, _typed_name(request), timezone.now())
        except TooManyAttemptsError:
            return locked(request)
        return super().post(request, *args, **kwargs)

    def in_language(self, language: str) -> HttpResponse:
        """The page in that language with the name typed so far, and so from now on; nobody is signed in."""
        form = self.form_class(self.request, initial={"username": _typed_name(self.request)})
        with translation.override(language):
            answer = render(self.request, self.get_template_names(), self.get_context_data(form=form))
        answer["Content-Language"] = language
        cookies.remember(answer, settings.LANGUAGE_COOKIE_NAME, language, secure=self.request.is_secure())
        return answer

    def form_valid(self, form: Any) -> HttpResponse:
        self.attempt.good()
        user: User = form.get_user()
        login = Login(user=user, redirect_url=self.get_success_url())
        return perform_password_login(self.request, {"username": user.get_username()}, login)

    def form_invalid(self, form: Any) -> HttpResponse:
        self.attempt.bad()
        return locked(self.request) if self.attempt.exhausted() else super().form_invalid(form)


class SignOut(LogoutView):
    """Django's, audited."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            where = f"from {clients.address(request)}"
            audit.note(request.user.get_username(), "signed out", "console", where, now=timezone.now())
        return super().post(request, *args, **kwargs)


def _typed_name(request: HttpRequest) -> str:
    """As the form will read it: however it is spelled, it is counted and audited as that one name."""
    longest = 150
    name = UsernameField(max_length=longest).to_python(request.POST.get("username", ""))
    return str(name or "")[:longest]


def only_by_provider() -> bool:
    """Whether passwords and passkeys of this console open nothing."""
    return bool(settings.OIDC and settings.OIDC.only)


def switched_off(request: HttpRequest) -> HttpResponse:
    """A password or a passkey where only the provider lets people in."""
    told = _now("Passwords and passkeys are disabled here. Sign in with %(host)s.")
    context = {"told": told % {"host": settings.OIDC.host if settings.OIDC else ""}}
    return render(request, "registration/openid_refused.html", context, status=403)


def next_of(request: HttpRequest) -> str:
    """Where signing in leads: the page of ours that was asked for, else the first one."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = {request.get_host()}
    return wanted if url_has_allowed_host_and_scheme(wanted, ours, request.is_secure()) else "/"


def locked(request: HttpRequest, *, codes: bool = False) -> HttpResponse:
    """Too many wrong passwords, or codes, from there: when to come again."""
    answer = render(request, "registration/locked.html", {"codes": codes}, status=429)
    answer["Retry-After"] = str(int(WINDOW.total_seconds()))
    return answer


@require(Role.VIEWER)
@require_safe
def signed_in(request: HttpRequest) -> HttpResponse:
    """Where signing in beside a page ends; the page itself asks here for a token to send its form with."""
    if request.GET.get("token"):
        return JsonResponse({"token": get_token(request)})
    return render(request, "registration/signed_in.html")


class OwnPasswordForm(PasswordChangeForm):
    """Wrong guesses of the old password count as wrong sign-ins, and wait as those do."""

    error_messages = {
        **PasswordChangeForm.error_messages,
        "password_mismatch": _("The passwords do not match. Enter both again."),
        "password_incorrect": _("The current password is wrong. Passwords are case-sensitive."),
    }

    def __init__(self, user: User, *args: Any, request: HttpRequest, **more: Any) -> None:
        super().__init__(user, *args, **more)
        self.request = request
        labels = {
            "old_password": _("Current password"),
            "new_password1": _("New password"),
            "new_password2": _("Repeat new password"),
        }
        for field, label in labels.items():
            self.fields[field].label = label
        self.fields["new_password1"].help_text = _("At least 8 characters, and not a commonly used password.")
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Counted as signing in is; raises TooManyAttemptsError."""
        given, name = str(self.cleaned_data["old_password"]), self.user.get_username()
        attempt = Attempt(self.request, name, timezone.now())
        if authenticate(self.request, username=name, password=given) is None:
            attempt.bad("password change failed")
            if attempt.exhausted():
                raise TooManyAttemptsError
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        attempt.good()
        return given


class OwnPassword(PasswordChangeView):
    """Every other session of the person ends; their API tokens stay. Audited."""

    form_class = OwnPasswordForm
    template_name = "registration/password.html"
    success_url = reverse_lazy("password")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except TooManyAttemptsError:
            return locked(request)

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            answer = super().form_valid(form)
            self.request.session.pop("printed", None)
            audit.note(self.request.user.get_username(), "password changed", "own", now=timezone.now())
        messages.success(self.request, _now("Password changed. Other browsers are signed out."))
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

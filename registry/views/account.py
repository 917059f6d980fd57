"""A person's own password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from registry.access import audit


class OwnPasswordForm(PasswordChangeForm):
    """Wrong guesses of the old password count as wrong sign-ins: ten of them lock the name for a while."""

    error_messages = {
        **PasswordChangeForm.error_messages,
        "password_mismatch": _("This is not what stands above. Type both once more."),
        "password_incorrect": _("This is not your password of now. Capital letters count."),
    }

    def __init__(self, user: User, *args: Any, request: HttpRequest, **more: Any) -> None:
        super().__init__(user, *args, **more)
        self.request = request
        labels = {
            "old_password": _("Your password of now"),
            "new_password1": _("New password"),
            "new_password2": _("The new one again"),
        }
        for field, label in labels.items():
            self.fields[field].label = label
        self.fields["new_password1"].help_text = _("At least 8 characters, and none that is commonly used.")
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Asked as signing in asks it, so that guessing is counted."""
        given, name = str(self.cleaned_data["old_password"]), self.user.get_username()
        if authenticate(self.request, username=name, password=given) is None:
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return given


class OwnPassword(PasswordChangeView):
    """Every other session of the person ends; their API tokens stay. Audited."""

    form_class = OwnPasswordForm
    template_name = "registration/password.html"
    success_url = reverse_lazy("password")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            answer = super().form_valid(form)
            audit.note(self.request.user.get_username(), "password changed", "own", now=timezone.now())
        messages.success(self.request, _now("The password is changed. Other browsers are signed out."))
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

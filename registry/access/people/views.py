"""Pages of people: list, invite, one person, and the page that a link leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry.access import tokens
from registry.access.account.factors import operations as factor_operations
from registry.access.account.factors import queries as factors
from registry.access.people import links, operations, queries
from registry.access.people.forms import ROLE_WORDS, ROLES, InviteForm, WelcomeForm
from registry.access.roles import open_to_all, require, role_of
from registry.access.scope.choose import words
from registry.access.scope.forms import ScopeForm, typed
from registry.access.sessions import end as end_sessions
from registry.access.sessions import queries as session_queries
from registry.errors import InvalidConfigError, NotPossibleError
from registry.models import Role


@require(Role.ADMIN)
@require_safe
def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody who has an account."""
    q = request.GET.get("q", "").replace("\0", "").strip()[:150]
    found = queries.everyone(timezone.now(), q)
    rows = [
        {"person": person, "role": ROLE_WORDS[person.role], "scope": words(person.scope)} for person in found
    ]
    return render(request, "registry/people/people_list.html", {"rows": rows, "q": q})


@never_cache
@require(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def people_invite(request: HttpRequest) -> HttpResponse:
    """A form; its answer holds the link, which is shown nowhere else."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        who, now, role = request.user.get_username(), timezone.now(), Role(given["role"])
        try:
            more = {"email": given["email"], "scope": form.scope()}
            link = operations.invite(given["name"], role, by=who, now=now, **more)
        except InvalidConfigError as exc:
            form.blame(exc)
        else:
            return _person(request, operations.get(given["name"]), link=link)
    return render(
        request, "registry/people/people_invite.html", {"form": form}, status=422 if form.errors else 200
    )


@require(Role.ADMIN)
@require_safe
def people_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: role, sessions, tokens, and what can be done."""
    return _person(request, get_object_or_404(User, pk=pk))


def _person(
    request: HttpRequest, user: User, *, link: str = "", form: ScopeForm | None = None
) -> HttpResponse:
    now = timezone.now()
    (person,) = [one for one in queries.everyone(now, user.get_username()) if one.pk == user.pk]
    context: dict[str, Any] = {
        "person": person,
        "role_word": ROLE_WORDS[person.role],
        "roles": ROLES,
        "scope_words": words(person.scope),
        "form": form or ScopeForm(initial=typed(person.scope)),
        "has_scope": person.role != Role.ADMIN,
        "sessions": session_queries.of(user, now),
        "tokens": tokens.living(now).filter(user=user),
        "factors": factors.of(user),
        "link": link,
        "link_days": (links.INVITED_FOR if person.invited else links.RESET_FOR).days,
        "is_me": user.pk == request.user.pk,
    }
    return render(request, "registry/people/people_detail.html", context, status=422 if form else 200)


def _act(request: HttpRequest, pk: int, act: Callable[[str], Any], done: str) -> HttpResponse:
    """Do it, say it, and go back to the person, or to the list where they are gone."""
    user = get_object_or_404(User, pk=pk)
    name = user.get_username()
    try:
        act(name)
    except NotPossibleError as exc:
        messages.error(request, str(exc))
    else:
        messages.success(request, done % {"name": name})
    there = User.objects.filter(pk=pk).exists()
    return redirect("people_detail", pk) if there else redirect("people_list")


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user.get_username(), "now": timezone.now()}


@require(Role.ADMIN)
@require_POST
def people_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role; it counts from the person's next request on."""
    given = request.POST.get("role", "")
    if given not in Role.values:
        messages.error(request, _("This role does not exist."))
        return redirect("people_detail", pk)
    done = _("%(name)s saved.")
    return _act(request, pk, lambda name: operations.set_role(name, Role(given), **_by(request)), done)


@require(Role.ADMIN)
@require_POST
def people_scope(request: HttpRequest, pk: int) -> HttpResponse:
    """Which services the person sees; it counts from their next request on, and for open pages in seconds."""
    form = ScopeForm(request.POST)
    if not form.is_valid():
        return _person(request, get_object_or_404(User, pk=pk), form=form)
    done = _("%(name)s saved.")
    return _act(request, pk, lambda name: operations.set_scope(name, form.scope(), **_by(request)), done)


@require(Role.ADMIN)
@require_POST
def people_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Nothing of the person's opens anything any more."""
    done = _("%(name)s deactivated.")
    return _act(request, pk, lambda name: operations.set_active(name, False, **_by(request)), done)


@require(Role.ADMIN)
@require_POST
def people_activate(request: HttpRequest, pk: int) -> HttpResponse:
    """They may sign in again, with the password that they had."""
    done = _("%(name)s can sign in again.")
    return _act(request, pk, lambda name: operations.set_active(name, True, **_by(request)), done)


@require(Role.ADMIN)
@require_POST
def people_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """The account is deleted."""
    done = _("%(name)s removed.")
    return _act(request, pk, lambda name: operations.remove(name, **_by(request)), done)


@require(Role.ADMIN)
@require_POST
def people_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """End every session of the person."""
    user = get_object_or_404(User, pk=pk)
    own = request.session.session_key or "" if user.pk == request.user.pk else ""
    done = _("All sessions of %(name)s ended.")
    return _act(request, pk, lambda _name: end_sessions.every(user, but=own, **_by(request)), done)


@require(Role.ADMIN)
@require_POST
def people_factors(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove the person's second factors: they have lost them."""
    user = get_object_or_404(User, pk=pk)
    done = _("Second factor of %(name)s removed. The account now needs only its password.")
    return _act(request, pk, lambda _name: factor_operations.reset(user, **_by(request)), done)


@never_cache
@require(Role.ADMIN)
@require_POST
def people_link(request: HttpRequest, pk: int) -> HttpResponse:
    """A new link to set a password with. It is in this answer and nowhere else, so no redirect follows."""
    user = get_object_or_404(User, pk=pk)
    try:
        link = operations.reset(user.get_username(), **_by(request))
    except NotPossibleError as exc:
        messages.error(request, str(exc))
        return redirect("people_detail", pk)
    return _person(request, user, link=link)


@open_to_all
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Where a link leads: choose a password, once. Looking at it uses nothing up."""
    link = links.find(token, timezone.now())
    if link is None:
        return render(request, "registry/people/welcome_over.html", status=404)
    if link.signs_in:
        return _sign_in(request, token, link.user)
    form = WelcomeForm(link.user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form, "name": link.user.get_username(), "role": ROLE_WORDS[role_of(link.user)]}
        return render(request, "registry/people/welcome.html", context, status=422 if form.errors else 200)
    try:
        operations.set_password(token, form.cleaned_data["new_password1"], now=timezone.now())
    except NotPossibleError:
        return render(request, "registry/people/welcome_over.html", status=404)
    logout(request)
    messages.success(request, _("Your password is set. Sign in with it."))
    return redirect("login")


def _sign_in(request: HttpRequest, token: str, user: User) -> HttpResponse:
    """The way back, in two steps: a program that only looks at links uses none up."""
    if request.method != "POST":
        return render(request, "registry/people/welcome_signin.html", {"name": user.get_username()})
    if (found := links.use(token, timezone.now())) is None:
        return render(request, "registry/people/welcome_over.html", status=404)
    record_authentication(request, found, "link")
    answer: HttpResponse = perform_login(request, Login(user=found))
    return answer

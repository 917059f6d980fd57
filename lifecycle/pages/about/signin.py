"""How people get in, as it is set up: what is on, what it does, and which setting changes it."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from registry.access.account.factors import passkeys
from registry.access.signin.throttle import OF_ALL_NAMES, OF_ONE_NAME, WINDOW

MINUTES_OF_A_DAY = 1440


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to sign in, or one rule of it; `settings` are the names to set."""

    name: str
    on: bool | None
    text: str
    settings: tuple[str, ...] = ()
    can_test: bool = False


def ways(request: HttpRequest) -> list[Way]:
    """In the order in which people meet them."""
    return [_password(), _app(), _passkeys(request), _openid(), _sessions(), _limits(), _https()]


def _password() -> Way:
    oidc = settings.OIDC
    only = oidc is not None and oidc.only
    text = _(
        "A user name and a password. Common passwords, and passwords similar to the user name, are refused."
    )
    return Way(
        name=_("Password"),
        on=not only,
        text=_("Off: only OpenID Connect sign-ins are allowed.") if only else text,
        settings=("MCPSTORE_OIDC_ONLY", "MCPSTORE_PASSWORD_WORDS"),
    )


def _app() -> Way:
    count = _people(Authenticator.Type.TOTP)
    words = ngettext("%(n)d person uses one.", "%(n)d people use one.", count) % {"n": count}
    text = _("After the password, a code from an authenticator app. Users set it up in their account.")
    return Way(name=_("Authenticator app (TOTP)"), on=True, text=f"{text} {words}")


def _passkeys(request: HttpRequest) -> Way:
    count = _people(Authenticator.Type.WEBAUTHN)
    words = ngettext("%(n)d person has one.", "%(n)d people have one.", count) % {"n": count}
    text = _("A passkey instead of the password. Browsers require https or localhost for it.")
    return Way(
        name=_("Passkeys"),
        on=passkeys.possible(request),
        text=f"{text} {words}",
        settings=("MCPSTORE_PUBLIC_URL",),
    )


def _people(kind: str) -> int:
    return Authenticator.objects.filter(type=kind).values("user").distinct().count()


def _openid() -> Way:
    names = tuple(f"MCPSTORE_OIDC_{key}" for key in ("URL", "CLIENT_ID", "CLIENT_SECRET", "ROLES"))
    oidc = settings.OIDC
    if oidc is None:
        text = _("Sign-in through your own provider, with groups that become roles.")
        return Way(name=_("OpenID Connect"), on=False, text=text, settings=names)
    said = {
        "url": oidc.url,
        "client": oidc.client_id,
        "roles": ", ".join(f"{group} → {role}" for group, role in oidc.roles) or "–",
        "claim": oidc.groups_claim,
        "back": f"{settings.PUBLIC_URL}{reverse('signin_openid_callback')}",
    }
    text = _(
        "Provider %(url)s, client %(client)s. Groups in the claim “%(claim)s” become roles: %(roles)s. "
        "Register this redirect URI at the provider: %(back)s"
    )
    return Way(name=_("OpenID Connect"), on=True, text=text % said, settings=names, can_test=True)


def _sessions() -> Way:
    idle, days = settings.IDLE_MINUTES, settings.SESSION_DAYS
    parts = [
        _("A session ends after %(n)d minutes without activity.") % {"n": idle}
        if idle
        else _("A session ends after two weeks without activity."),
        _("It ends %(n)d days after sign-in at the latest.") % {"n": days}
        if days
        else _("It does not expire otherwise."),
    ]
    names = ("MCPSTORE_IDLE_MINUTES", "MCPSTORE_SESSION_DAYS")
    return Way(name=_("Sessions"), on=None, text=" ".join(parts), settings=names)


def _limits() -> Way:
    text = _(
        "Within %(minutes)d minutes, one address may make %(one)d wrong guesses for one user name, and "
        "%(all)d in total. Nobody can lock out someone else."
    )
    said = {"one": OF_ONE_NAME, "all": OF_ALL_NAMES, "minutes": int(WINDOW.total_seconds() // 60)}
    return Way(name=_("Limits"), on=None, text=text % said, settings=("MCPSTORE_TRUSTED_PROXIES",))


def _https() -> Way:
    secure = settings.PUBLIC_URL.startswith("https://")
    text = (
        _("Cookies are sent only over https.")
        if secure
        else _(
            "The address is not https: cookies can be intercepted. Put a TLS proxy in front of the console."
        )
    )
    return Way(name="HTTPS", on=secure, text=text, settings=("MCPSTORE_PUBLIC_URL",))


def try_openid(request: HttpRequest) -> str:
    """Ask the provider who it is and for its keys; empty where that works, else what went wrong."""
    from registry.access.openid.provider import Adapter

    try:
        adapter = Adapter(request)
        missing = [
            key
            for key in ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if not adapter.openid_config.get(key)
        ]
        if missing:
            return _("The provider's response lacks %(names)s.") % {"names": ", ".join(missing)}
        return "" if adapter._keys().get("keys") else _("The provider publishes no keys.")
    except Exception as exc:  # foreign boundary: whatever it is, the provider cannot be used
        return f"{type(exc).__name__}: {exc}"[:300]

"""allauth's OpenID Connect, made strict: PKCE and nonce always, and the ID token is checked in full."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from registry.access.openid import id_token
from registry.access.openid.configured import here
from registry.core.openid import claim_in, groups_in

NAME = "openid"


def app() -> SocialApp:
    """As the settings have it; it is no row."""
    oidc = here()
    made = SocialApp(provider=OpenIDConnectProvider.id, provider_id=NAME, name=oidc.host)
    made.client_id, made.secret, made.settings = oidc.client_id, oidc.secret, {"server_url": oidc.url}
    return made


def nonce_of(verifier: str) -> str:
    """Bound to the secret of this one try, which stays in the session, so no second one has to be kept."""
    digest = hashlib.sha256(f"nonce {verifier}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Adapter(OpenIDConnectOAuth2Adapter):
    """The road from the code in the address to what the provider says of a person."""

    verifier = ""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, NAME)

    def get_provider(self) -> Provider:
        return Provider(self.request, app=app())

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return f"{settings.PUBLIC_URL}{reverse('signin_openid_callback')}"

    @property
    def openid_config(self) -> dict[str, Any]:
        found: dict[str, Any] = super().openid_config
        if not isinstance(found, dict) or str(found.get("issuer", "")).rstrip("/") != here().url:
            raise OAuth2Error("the provider names another issuer than MCPSTORE_OIDC_URL")
        return found

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: str | None = None
    ) -> Any:
        self.verifier = pkce_code_verifier or ""
        return super().get_access_token_data(request, app, client, pkce_code_verifier)

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **more: Any) -> Any:
        claims, where = self._claims(str(more["response"].get("id_token") or "")), here().groups_claim
        if claim_in(claims, where) is None and self.openid_config.get("userinfo_endpoint"):
            more_of_them = self._fetch_user_info(token.token)
            if more_of_them.get("sub") != claims["sub"]:
                raise OAuth2Error("the provider answers for someone else")
            claims = {**more_of_them, **claims, where: claim_in(more_of_them, where)}
        return self.get_provider().sociallogin_from_response(request, claims)

    def _claims(self, token: str) -> dict[str, Any]:
        config = self.openid_config
        try:
            return id_token.claims_of(
                token,
                self._keys(),
                issuer=config["issuer"],
                client_id=here().client_id,
                nonce=nonce_of(self.verifier),
            )
        except id_token.BadTokenError as exc:
            raise OAuth2Error(f"the provider's token proves nothing: {exc}") from None

    def _keys(self) -> dict[str, Any]:
        from registry.access.openid.reaching import Session

        with Session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        return found


class Provider(OpenIDConnectProvider):
    """What is asked of the provider, and what is kept of its answer."""

    oauth2_adapter_class = Adapter  # type: ignore[assignment]

    def get_oauth2_adapter(self, request: HttpRequest) -> Adapter:
        return Adapter(request)

    def get_pkce_params(self) -> dict[str, Any]:
        made = generate_code_challenge()
        return {**made, "nonce": nonce_of(made["code_verifier"])}

    def get_callback_url(self) -> str:
        return reverse("signin_openid_callback")

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["sub"])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        kept = {key: str(data[key])[:254] for key in ("preferred_username", "email") if data.get(key)}
        return {**kept, "groups": groups_in(data, here().groups_claim)}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """`arrival` makes the person."""
        return {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        return []

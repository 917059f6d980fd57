"""The provider of this installation, for what runs only where there is one."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from registry.core.openid import OpenId


def here() -> OpenId:
    """As MCPSTORE_OIDC_URL and the settings beside it have it."""
    found: OpenId | None = settings.OIDC
    if found is None:
        raise ImproperlyConfigured("MCPSTORE_OIDC_URL is not set.")
    return found

"""Settings, read once from the environment; a value that cannot be right stops the start and says why."""

from __future__ import annotations

import warnings
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from environs import EnvError

from lifecycle.core.answers.proxies import BadProxyError, Proxy
from mcpstore_site import datadir, paths
from mcpstore_site import environment as read
from mcpstore_site.environment import env
from registry.core import openid

BASE_DIR = paths.BASE
COMMAND = paths.TYPED
"""What a person types before the name of a command."""


def _openid() -> openid.OpenId | None:
    given = [env.str(f"MCPSTORE_OIDC_{name}", "") for name in openid.SETTINGS]
    try:
        return openid.read(*given, only=read.flag("MCPSTORE_OIDC_ONLY"))
    except openid.BadOpenIdError as exc:
        raise read.fail(f"MCPSTORE_OIDC_{exc.name}", exc.problem, exc.remedy) from None


def _proxy(name: str, direct: str) -> Proxy | None:
    try:
        return Proxy.read(env.str(name, ""), env.str(direct, ""))
    except BadProxyError as exc:
        raise read.fail(name, str(exc), "Set an address such as http://proxy.example.org:3128.") from None


DATA_DIR = datadir.prepare(Path(env.str("MCPSTORE_DATA_DIR", str(paths.DATA))))
HOST = env.str("MCPSTORE_HOST", "127.0.0.1")
PORT = read.port()
PUBLIC_URL = env.str("MCPSTORE_PUBLIC_URL", f"http://{HOST}:{PORT}").rstrip("/")
if not PUBLIC_URL.startswith(("http://", "https://")):
    raise read.fail("MCPSTORE_PUBLIC_URL", "has no scheme", "Set an address such as https://mcp.example.org.")
STDIO = read.choice("MCPSTORE_STDIO", "admin", ("admin", "allowlist", "off"))
EGRESS_ALLOW = read.networks("MCPSTORE_EGRESS_ALLOW")
TRUSTED_PROXIES = read.networks("MCPSTORE_TRUSTED_PROXIES")
EGRESS_STRICT = read.flag("MCPSTORE_EGRESS_STRICT")
PROXY = _proxy("MCPSTORE_HTTPS_PROXY", "MCPSTORE_NO_PROXY")
CA_BUNDLE = read.authorities("MCPSTORE_CA_BUNDLE")
CHILD_NETWORK = read.flag("MCPSTORE_CHILD_NETWORK")
REGISTRY = env.str("MCPSTORE_REGISTRY", "https://registry.modelcontextprotocol.io").rstrip("/")
REDIS_URL = env.str("REDIS_URL", "")
AUDIT_DAYS = read.whole("MCPSTORE_AUDIT_DAYS", 730, 365 * 100, "days", "for ever")
REST_LIMIT = read.whole("MCPSTORE_REST_LIMIT", 3000, 10**9, "requests", "no limit")
"""Requests of one API token, or of a person without one, in a minute and a web process."""

DOCS_DIR = paths.FILES
SECRET_KEY = datadir.secret_key(DATA_DIR)
SECRETS_KEY_FILE = DATA_DIR / "secrets.key"
MCPJSON_FILE = DATA_DIR / "mcp.json"
DEBUG = False
_hosts: list[str] = env.list("MCPSTORE_ALLOWED_HOSTS", [])
_public_host = PUBLIC_URL.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
ALLOWED_HOSTS = [*_hosts, *{"localhost", "127.0.0.1", "[::1]", _public_host}]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []
ROOT_URLCONF = "mcpstore_site.urls"
ASGI_APPLICATION = "mcpstore_site.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "csp",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "mcpstore_site",
    "registry",
    "lifecycle",
]

MIDDLEWARE = [
    "mcpstore_site.answers.request_ids.named",
    "mcpstore_site.answers.guards.guarded",
    "django.middleware.security.SecurityMiddleware",
    "mcpstore_site.statics.middleware.static_files",
    "mcpstore_site.answers.compressed.Compressed",
    "mcpstore_site.answers.languages.spoken",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "registry.access.audit.origin.remembered",
    "registry.access.scope.limits.scoped",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mcpstore_site.answers.headers.guarded",
    "mcpstore_site.answers.dead_ends.no_dead_ends",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [paths.FILES / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "mcpstore_site.answers.request_ids",
                "registry.installation.sentences",
                "registry.installation.zones",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lifecycle.pages.context.frame",
            ],
        },
    }
]

SQLITE = "mcpstore_site.sqlite3"
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    "PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY;"
)

# A PostgreSQL server that is gone without a word is noticed within seconds, and not after two hours.
NETWORK_THAT_FAILS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def _database() -> dict[str, Any]:
    """SQLite beside the keys, or what DATABASE_URL names; PostgreSQL connections come from a pool."""
    if not env.str("DATABASE_URL", ""):
        return {
            "ENGINE": SQLITE,
            "NAME": datadir.private_database(DATA_DIR / "mcpstore.sqlite3"),
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_PRAGMAS},
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        }
    try:
        config: dict[str, Any] = env.dj_db_url("DATABASE_URL")
    except (EnvError, ValueError):
        raise read.fail(
            "DATABASE_URL", "is not a database address", "Set postgresql://user:password@host/name."
        ) from None
    if config["ENGINE"].endswith("sqlite3"):
        config["ENGINE"] = SQLITE
        if config["NAME"] != ":memory:":
            datadir.private_database(Path(config["NAME"]))
        config["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_PRAGMAS}
    else:
        pool = {"min_size": 1, "max_size": 16, "timeout": 10}
        config["OPTIONS"] = {**NETWORK_THAT_FAILS, **config.get("OPTIONS", {}), "pool": pool}
    return config


DATABASES = {"default": _database()}

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
] + [{"NAME": "registry.access.account.own_words.OwnWordsValidator"}]
PASSWORD_WORDS = [word.strip().lower() for word in env.str("MCPSTORE_PASSWORD_WORDS", "").split(",")]
# Signing in is allauth's; limits of wrong passwords are those of registry/access/signin/throttle.py.
ACCOUNT_ADAPTER = "registry.access.signin.adapters.Accounts"
ACCOUNT_RATE_LIMITS = False
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_ADAPTER = "registry.access.openid.adapter.OpenIdAdapter"
OIDC = _openid()
MFA_ADAPTER = "registry.access.signin.adapters.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TOTP_ISSUER = "MCPStore Console"
MFA_TOTP_TOLERANCE, MFA_RECOVERY_CODE_DIGITS = 1, 10
CSRF_FAILURE_VIEW = "lifecycle.pages.answers.form_out_of_date"
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = LOGOUT_REDIRECT_URL = "login"

_secure = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
# A browser takes a cookie of such a name from this very host alone, and over https.
COOKIE_PREFIX = "__Host-" if _secure else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid", f"{COOKIE_PREFIX}csrftoken"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _secure else 0
IDLE_MINUTES = read.whole("MCPSTORE_IDLE_MINUTES", 720, 60 * 24 * 365, "minutes", "never")
SESSION_COOKIE_AGE = IDLE_MINUTES * 60 or 14 * 24 * 3600
SESSION_DAYS = read.whole("MCPSTORE_SESSION_DAYS", 30, 3650, "days", "no end")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _secure else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
    }
}

TIME_ZONE = "UTC"
SHOWN_TIME_ZONE = read.zone("MCPSTORE_TIME_ZONE")
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LANGUAGE_CODE = read.choice("MCPSTORE_LANGUAGE", "en", tuple(code for code, _ in LANGUAGES))
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [paths.PACKAGE / "locale"]

STATIC_URL = "static/"
SERVESTATIC_ALLOW_ALL_ORIGINS = SERVESTATIC_USE_ZSTD = False  # zstd packs less than brotli
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_FINDERS = ["mcpstore_site.statics.finder.Bundles"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
# As much as `reception` lets in.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
# A form may tick each of ten thousand services.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

MAIL_EXAMPLE = "Set smtps://user:password@host:465 or smtp://user:password@host:587/?tls=True."


def _email() -> dict[str, Any]:
    """As EMAIL_URL says. `smtps` is TLS from the first byte; on port 587 servers want STARTTLS even so."""
    given = env.str("EMAIL_URL", "")
    try:
        with warnings.catch_warnings(action="ignore"):  # its reader would rather not know smtps
            config: dict[str, Any] = env.dj_email_url("EMAIL_URL", "console://")
    except (EnvError, ValueError) as exc:
        raise read.fail("EMAIL_URL", str(exc), MAIL_EXAMPLE) from None
    if "EMAIL_BACKEND" not in config:
        raise read.fail("EMAIL_URL", "has an unknown scheme", MAIL_EXAMPLE)
    if given.startswith("smtps:") and config["EMAIL_PORT"] != 587 and "tls=" not in given:
        config |= {"EMAIL_USE_SSL": True, "EMAIL_USE_TLS": False, "EMAIL_PORT": config["EMAIL_PORT"] or 465}
    return config


def _sender(mail: dict[str, Any]) -> str:
    """Who the mails are from: as set, else the account that sends them, as most servers want it."""
    given = env.str("MCPSTORE_EMAIL_FROM", "").strip()
    if given and (not _is_address(given) or not given.isprintable()):
        example = "Set one such as mcp@example.org or MCPStore <mcp@example.org>."
        raise read.fail("MCPSTORE_EMAIL_FROM", f"{given!r} is not a mail address", example)
    account: str = mail["EMAIL_HOST_USER"] or ""
    usual = account if _is_address(account) else "mcpstore-console@localhost"
    return given or mail.get("DEFAULT_FROM_EMAIL") or usual


def _is_address(text: str) -> bool:
    name, at, domain = parseaddr(text)[1].rpartition("@")
    return bool(name and at and domain) and " " not in domain


_mail = _email()
EMAIL_CONFIGURED = bool(env.str("EMAIL_URL", ""))
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST = _mail["EMAIL_HOST"] or "localhost"
EMAIL_PORT = _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _mail["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = _sender(_mail)

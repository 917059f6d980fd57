"""What nobody has set up is not imported by the web process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.tools import ROOT

OPENID = ("oauthlib", "requests", "allauth.socialaccount.providers.oauth2", "registry.access.openid.provider")
HEAVY = ("fido2", "qrcode", *OPENID)
SHOWN = f"""
import django
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
django.setup()
import mcpstore_site.asgi, mcpstore_site.urls, sys
from django.test import Client
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_superuser("ada", password="correct horse")
client = Client(SERVER_NAME="localhost")
client.get("/login/")
assert client.post("/login/", {{"username": "ada", "password": "correct horse"}}).status_code == 302
for path in ("/account/", "/settings/people/", "/password/"):
    assert client.get(path).status_code == 200, path
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def test_a_console_without_second_factors_and_provider_loads_neither(tmp_path: Path) -> None:
    given = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    given |= {"MCPSTORE_DATA_DIR": str(tmp_path / "data"), "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings"}
    command = [sys.executable, "-c", SHOWN]
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"

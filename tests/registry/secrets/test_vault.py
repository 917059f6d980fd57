"""Values at rest: never in the clear, readable with the key file alone, masked wherever they show up."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.db import connection

from lifecycle.core.answers.proxies import Proxy
from registry.core.entries.filling import MASK
from registry.errors import SecretsError
from registry.mcpjson import export as mcpjson_export
from registry.secrets import vault
from registry.services import register as service_register
from tests.support.registering import Register

CANARY = "canary-7d1f"
pytestmark = pytest.mark.django_db


def test_the_key_file_is_private_and_outside_the_database(data_dir: Path) -> None:
    assert vault.unseal(vault.seal("a\ud7ffé")) == "a\ud7ffé"
    assert stat.S_IMODE((data_dir / "secrets.key").stat().st_mode) == 0o600


def test_another_key_opens_nothing_and_an_older_one_still_does(data_dir: Path) -> None:
    file = data_dir / "secrets.key"
    sealed = vault.seal("x")
    old = file.read_bytes()
    file.write_bytes(Fernet.generate_key() + b"\n" + old)
    assert vault.unseal(sealed) == "x"
    file.write_bytes(Fernet.generate_key())
    vault.forget_keys()
    with pytest.raises(SecretsError, match="holds another key than the one this database"):
        vault.unseal(sealed)
    file.write_bytes(b"garbage")
    with pytest.raises(SecretsError, match="no usable key"):
        vault.seal("x")


def _content(path: Path) -> bytes:
    """Read by another process: to close a database's file here would drop SQLite's locks on it."""
    return subprocess.run(["cat", str(path)], check=True, capture_output=True).stdout


@pytest.mark.django_db(transaction=True)
def test_no_canary_is_found_in_database_log_or_export(register: Register, data_dir: Path) -> None:
    register(
        {
            "a": {
                "command": "x",
                "args": [
                    "--token",
                    f"{CANARY}-1",
                    f"--key={CANARY}-2",
                    "-e",
                    f"N={CANARY}-3",
                    f"http://u:{CANARY}-4@h/",
                ],
                "env": {"PLAIN": f"{CANARY}-5", "MIX": "${ASKED} " + f"{CANARY}-6"},
                "oauth": {"clientSecret": f"{CANARY}-7"},
            },
            "b": {
                "url": f"https://{CANARY}-8:{CANARY}-9@example.org/mcp?api_key={CANARY}-10",
                "headers": {"X-Plain": f"{CANARY}-11", "Authorization": f"Bearer {CANARY}-12"},
                "auth": f"{CANARY}-13",
                "x-mcpstore-check": {"tool": "t", "arguments": {"token": f"{CANARY}-15"}, "expect": "ok"},
            },
        },
        values={"ASKED": f"{CANARY}-14"},
    )
    assert mcpjson_export.wait_idle(10)
    database = Path(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None
    places = [*data_dir.iterdir()]
    if database is not None:
        places += database.parent.glob(f"{database.name}*")
    assert (data_dir / "mcp.json") in places
    for path in places:
        assert CANARY.encode() not in _content(path), path
    shown = json.dumps([vault.masked_entry(service_register.get(name)) for name in "ab"]) + str(
        [service_register.get(name).endpoint for name in "ab"]
    )
    assert CANARY not in shown
    assert CANARY not in repr(vault.reveal(service_register.get("b")))


@pytest.mark.django_db
def test_known_values_are_masked_however_they_are_written(register: Register) -> None:
    register(
        {"a": {"url": "https://u:p%40ss%2Fword@example.org/mcp", "headers": {"K": 'say "no"', "S": "abc"}}}
    )
    known = vault.known_values(service_register.get("a"))
    text = 'p%40ss%2Fword p@ss/word say "no" say%20%22no%22 {"K": "say \\"no\\""} abc'
    assert vault.mask(text, known) == f'{MASK} {MASK} {MASK} {MASK} {{"K": "{MASK}"}} abc'
    assert vault.mask("nothing", frozenset()) == "nothing"
    assert vault.mask("ab abcd", {"abcd", "ab"}) == f"{MASK} {MASK}"


@pytest.mark.parametrize("given", [True, False])
def test_the_password_of_the_proxy_that_programs_get_is_dots_in_what_they_print(
    register: Register, settings: LazySettings, given: bool
) -> None:
    settings.CHILD_NETWORK = given
    settings.PROXY = Proxy.read("http://ann:p%40ss%2Fword@proxy.example:3128")
    register({"a": {"command": "x"}})
    found = vault.hidden(service_register.get("a"))
    sign = base64.b64encode(b"ann:p@ss/word").decode()
    text = f"HTTPS_PROXY=http://ann:p%40ss%2Fword@proxy.example:3128 p@ss/word {sign}"
    shown = f"HTTPS_PROXY=http://{MASK}@proxy.example:3128 {MASK} {MASK}"
    assert vault.mask(text, found.said) == vault.mask(text, found.listed) == (shown if given else text)

"""A console with an https address of its own is known by its document, and registers nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.doubles.authorization.protected import served
from tests.doubles.authorization.script import Script
from tests.support.bench import HASTY, Bench
from tests.support.signing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
US = "https://console.example"


@pytest.fixture
def bench(tmp_path: Path, settings: Any) -> Iterator[Bench]:
    settings.PUBLIC_URL = US
    bench = Bench(tmp_path, HASTY)
    bench.start()
    yield bench
    bench.close()


@pytest.mark.parametrize(("reads", "registrations"), [(True, 0), (None, 1)])
def test_the_document_is_the_client_where_the_server_reads_such(
    bench: Bench, client: Client, reads: bool | None, registrations: int
) -> None:
    """The server holds us to what the document says: its own address, and where we are sent."""
    script = Script(metadata={"client_id_metadata_document_supported": reads})
    with served(script) as double:
        document = client.get("/oauth/client.json").json()
        double.issuing.documents[document["client_id"]] = document
        bench.add("web", {"url": double.url})
        assert sign_in(bench, "web").failure == ""
        bench.until_state("web", "HEALTHY")
        asked = double.issuing.last("authorize")
        assert asked["redirect_uri"] == f"{US}/oauth/callback"
        assert (asked["client_id"] == f"{US}/oauth/client.json") is bool(reads)
        assert double.issuing.count("register") == registrations

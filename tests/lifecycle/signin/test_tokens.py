"""Tokens in force: renewed unseen and once, kept in trouble, stepped up, given back, sent nowhere else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError
from django.utils import timezone

from lifecycle.core.answers.causes import Cause
from lifecycle.models import ServiceSignIn, SignInClient
from lifecycle.operations import commands
from lifecycle.signin import operations, record
from registry.errors import NotPossibleError
from registry.models import AuditEntry
from registry.secrets import rotation, vault
from tests.doubles.authorization.protected import Double, served
from tests.doubles.authorization.script import Fault, Script
from tests.support.bench import HASTY, Bench
from tests.support.mcp_servers import GuardedServer
from tests.support.signing import WHO, begin, flow_of, grant_of, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, HASTY)
    bench.start()
    yield bench
    bench.close()


def signed_in(bench: Bench, double: Double, name: str = "web") -> None:
    bench.add(name, {"url": double.url})
    bench.until_state(name, "UNREACHABLE")
    assert sign_in(bench, name).failure == ""
    bench.until_state(name, "HEALTHY")


def test_a_token_is_renewed_before_it_ends_and_nobody_notices(bench: Bench) -> None:
    with served(Script(lasts=3)) as double:
        signed_in(bench, double)
        trail, refused = bench.trail("web"), double.refused
        bench.until(lambda: double.issuing.count("refresh") >= 2, 20)
        bench.until(lambda: double.tokens[-1] != double.tokens[0])
        assert (bench.trail("web"), double.refused) == (trail, refused)
        assert bench.row("web").consecutive_failures == 0


def test_a_slash_after_an_origin_makes_no_other_issuer(bench: Bench) -> None:
    """FastMCP 4.1.2 and 3.4.11 write `https://issuer/` where the issuer calls itself `https://issuer`."""
    with served(Script()) as double:
        double.script.resource = {"authorization_servers": [f"{double.issuing.issuer}/"]}
        signed_in(bench, double)
        assert grant_of("web").issuer == double.issuing.issuer


@pytest.mark.servers
@pytest.mark.parametrize("version", [4, 3])
def test_tokens_of_fastmcp_itself_are_renewed(bench: Bench, version: int) -> None:
    """In time: one that is shown to FastMCP's own server after its end ends the refresh token too."""
    with GuardedServer(version, lasts=14) as server:
        bench.add("web", {"url": server.url})
        bench.until_state("web", "UNREACHABLE")
        assert sign_in(bench, "web").failure == ""
        bench.until_state("web", "HEALTHY")
        trail = bench.trail("web")
        bench.until(lambda: grant_of("web").version >= 3, 40)
        assert bench.trail("web") == trail


def test_a_server_that_refuses_what_it_just_gave_is_not_asked_for_ever(bench: Bench) -> None:
    with served(Script()) as double:
        signed_in(bench, double)
        double.script.token = {"access_token": "never-good"}
        double.issuing.expire()
        bench.until_state("web", "UNREACHABLE")
        assert bench.row("web").error_cause == "sign-in-ended"
        assert "just renewed" in bench.row("web").error_message
        assert double.issuing.count("refresh") <= 6


def test_one_that_gives_no_refresh_token_promises_no_renewal(bench: Bench) -> None:
    with served(Script(refreshes=False)) as double:
        signed_in(bench, double)
        assert grant_of("web").renew_at is None and grant_of("web").expires_at is not None


def test_requests_that_come_together_renew_once(bench: Bench) -> None:
    with served(Script(faults={"refresh": Fault(after=0.3)})) as double:
        signed_in(bench, double)
        bench.ask("stop", "web")
        assert bench.worker is not None
        ServiceSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        service = bench.row("web").service
        (grant,) = record.grants([service.pk]).values()
        bearer = bench.worker.context.sign_ins.bearer(grant, vault.reveal(service))
        assert bearer is not None

        async def many() -> set[str]:
            return set(await asyncio.gather(*(bearer.header() for _ in range(20))))

        (token,) = bench.call(many())
        assert token in double.issuing.access and double.issuing.count("refresh") == 1


def test_new_tokens_outlive_a_database_that_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    real, fails = record.renewed, iter([True, True])

    def renewed(*args: Any) -> Any:
        if next(fails, False):
            raise OperationalError("database is locked")
        return real(*args)

    monkeypatch.setattr(record, "renewed", renewed)
    monkeypatch.setattr("lifecycle.signin.flow.bearer.KEEP_TRYING", (0.05, 0.05, 0.05))
    with served(Script()) as double:
        signed_in(bench, double)
        double.issuing.expire()
        bench.until(lambda: grant_of("web").version == 3)
        bench.until(lambda: double.tokens[-1] in double.issuing.access)
        assert bench.row("web").state == "HEALTHY"
        assert double.issuing.count("refresh") == 1


def test_a_worker_that_ends_in_a_renewal_leaves_word_of_it(bench: Bench) -> None:
    with served(Script()) as double:
        signed_in(bench, double)
        bench.stop()
        (grant,) = record.grants([bench.row("web").service_id]).values()
        now = timezone.now()
        _, mine = record.begin_renewal(grant, now)  # and then it is killed
        assert mine
        again, mine = record.begin_renewal(grant, now + timedelta(seconds=1))
        assert again is not None and not mine, "another worker may be at it"
        later, mine = record.begin_renewal(grant, now + record.RENEWAL_LIMIT)
        assert later is not None and mine and later.cut


def test_tokens_that_came_meanwhile_are_not_written_over(bench: Bench) -> None:
    with served(Script()) as double:
        signed_in(bench, double)
        bench.stop()
        (grant,) = record.grants([bench.row("web").service_id]).values()
        ServiceSignIn.objects.update(version=grant.version + 1)
        found = record.renewed(grant, {"access_token": "old news"}, "", None, None)
        assert found is not None and found.access == grant.access
        record.not_renewed(grant, Cause.CONSENT_GONE, "", cut=False, now=timezone.now())
        assert grant_of("web").problem == ""


def test_a_tool_that_wants_more_is_given_the_union_after_asking_a_person(bench: Bench) -> None:
    with served(Script(challenge_scope="use", needs={"tools/call": "write"})) as double:
        signed_in(bench, double)
        call = bench.ask("call-tool", "web", arguments={"tool": "echo", "arguments": {"text": "x"}})
        assert "insufficient_scope" in str(commands.outcome_of(call))
        bench.until(lambda: grant_of("web").wanted == "write")
        assert bench.row("web").state == "HEALTHY"
        assert sign_in(bench, "web").failure == ""
        assert double.issuing.last("authorize")["scope"] == "use write"
        bench.until(lambda: "write" in grant_of("web").scope)
        bench.until_state("web", "HEALTHY")
        assert grant_of("web").wanted == ""


def test_services_of_one_issuer_share_one_registration(bench: Bench) -> None:
    with served(Script()) as double:
        for name in ("one", "two", "three"):
            bench.add(name, {"url": double.url})
            operations.begin(name, by=WHO, now=timezone.now(), origin="page")
        bench.until(lambda: all(flow_of(name).step == "consent" for name in ("one", "two", "three")))
        assert double.issuing.count("register") == SignInClient.objects.count() == 1
        begin(bench, "one", anew=True)
        bench.until(lambda: double.issuing.count("register") == 2)


def test_a_server_that_forgot_us_is_registered_with_again(bench: Bench) -> None:
    with served(Script()) as double:
        signed_in(bench, double)
        double.issuing.forget_clients()
        bench.until(lambda: bench.row("web").error_cause == "client-unknown")
        bench.until(lambda: not SignInClient.objects.exists())
        assert sign_in(bench, "web").failure == ""
        bench.until_state("web", "HEALTHY")
        assert double.issuing.count("register") == 2


def test_signing_out_ends_the_tokens_there_and_here(bench: Bench) -> None:
    with served(Script()) as double:
        signed_in(bench, double)
        operations.sign_out("web", by=WHO, now=timezone.now(), origin="page")
        bench.until(lambda: double.issuing.count("revoke") >= 1)
        bench.until_state("web", "UNREACHABLE")
        assert bench.row("web").error_cause == "needs-sign-in"
        assert grant_of("web").tokens == "" and double.issuing.refresh == {}


def test_a_token_follows_no_address_that_is_given_to_the_service_later(bench: Bench) -> None:
    with served(Script()) as double, served(Script()) as other:
        signed_in(bench, double)
        bench.add("web", {"url": other.url})
        bench.until_state("web", "UNREACHABLE")
        bench.until(lambda: other.refused >= 1)
        assert not set(other.tokens) and bench.row("web").error_cause == "needs-sign-in"


def test_no_secret_stands_in_any_row(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with served(Script(methods=("client_secret_post",))) as double:
        signed_in(bench, double)
        double.issuing.expire()
        bench.until(lambda: double.issuing.count("refresh") == 1)
        bench.until(lambda: double.tokens[-1] in double.issuing.access)
        rows = [str(list(model._base_manager.values())) for model in apps.get_models()]
        assert len(double.secrets) >= 5 and len(rows) > 50
        for secret in [*double.secrets, "c4nary"]:
            assert not [text[:2000] for text in [*rows, caplog.text] if secret in text]
        acts = AuditEntry.objects.values_list("action", "actor")
        assert {("signed in", WHO), ("registered", WHO)} <= set(acts)


def test_a_lost_key_file_leaves_a_service_that_can_be_signed_in_to(bench: Bench) -> None:
    with served(Script()) as double:
        signed_in(bench, double)
        bench.stop()
        rotation.give_up()
        vault.forget_keys()
        assert grant_of("web").tokens == "" and not SignInClient.objects.exclude(client="").exists()


def test_programs_are_not_signed_in_to_and_a_console_without_an_address_says_so(
    bench: Bench, settings: Any
) -> None:
    bench.add("program", {"command": "true"})
    bench.add("web", {"url": "https://a.example/mcp", "disabled": True})
    with pytest.raises(NotPossibleError, match="is a program"):
        operations.begin("program", by=WHO, now=timezone.now(), origin="page")
    settings.PUBLIC_URL = "http://0.0.0.0:8000"
    with pytest.raises(NotPossibleError, match="MCPSTORE_PUBLIC_URL"):
        operations.begin("web", by=WHO, now=timezone.now(), origin="page")


def test_a_typed_secret_needs_the_issuer_it_is_for_and_stays_when_not_retyped(bench: Bench) -> None:
    bench.add("web", {"url": "https://a.example/mcp", "disabled": True})
    given: dict[str, Any] = {
        "client_id": "us",
        "scope": "",
        "machine": False,
        "by": WHO,
        "now": timezone.now(),
    }
    with pytest.raises(NotPossibleError, match="issuer"):
        operations.set_client("web", secret="s", issuer="", **given)
    operations.set_client("web", secret="s3cret", issuer="https://i.example", **given)
    operations.set_client("web", secret="", issuer="https://i.example", **given)
    assert json.loads(vault.unseal(grant_of("web").prior))["secret"] == "s3cret"
    operations.set_client("web", secret="", issuer="https://other.example", **given)
    assert json.loads(vault.unseal(grant_of("web").prior))["secret"] == ""

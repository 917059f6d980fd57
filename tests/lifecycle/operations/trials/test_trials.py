"""Trials from the button to the answer: who may ask, what is kept, and for how long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.engine.trials import inbox
from lifecycle.models import Trial
from lifecycle.operations.trials import operations
from lifecycle.workers.queries import any_at_work
from registry.core.documents import dialects
from registry.errors import InvalidConfigError, NotAllowedError, NotPossibleError
from registry.models import AuditEntry, Role, Service
from registry.services import change
from tests.registry.services.test_pages_editing import form_of
from tests.support.api import Api
from tests.support.bench import Bench, stdio
from tests.support.importing import hidden, preview
from tests.support.pages import HTMX, make_service, make_worker, signed_in, text_of
from tests.support.scopes import scoped_client

FORM = {
    "transport": "streamable-http",
    "url": "https://n.example/mcp",
    "profile": "normal",
    "priority": "normal",
}
PROGRAM = {"transport": "stdio", "command": "true", "profile": "normal", "priority": "normal"}
SECRET = "tok-4f1d9c27ab"
WEB = {"url": "https://n.example/mcp"}


def ask(entry: dict[str, Any], role: Role = Role.ADMIN, by: str = "ann", **more: Any) -> Trial:
    return operations.ask(dialects.own({"x": entry}), by=by, role=role, now=timezone.now(), **more)


@pytest.fixture
def worker(db: None) -> None:
    make_worker()


def test_what_is_tried_is_sealed_and_goes_with_the_answer(worker: None) -> None:
    trial = ask({**WEB, "headers": {"Authorization": f"Bearer {SECRET}"}})
    assert SECRET not in trial.given
    config, masked = operations.given_of(trial)
    assert config.headers == {"Authorization": f"Bearer {SECRET}"}
    assert any(SECRET in value for value in masked)
    (taken,) = inbox.take("w", timezone.now(), 8)
    inbox.finish(taken.pk, "w", {"ok": True})
    done = Trial.objects.get()
    assert (done.state, done.given, operations.outcome_of(done)) == ("done", "", {"ok": True})


def test_nothing_of_it_is_saved_but_a_line_in_the_audit_log(worker: None) -> None:
    trial = ask({"url": f"https://n.example/mcp?key={SECRET}"})
    assert not Service.objects.exists()
    row = AuditEntry.objects.get()
    assert (row.actor, row.action, row.detail) == ("ann", "connection tried", f"trial {trial.pk}")
    assert "n.example" in row.target and SECRET not in row.target


def test_the_rules_are_those_of_saving(worker: None, settings: Any) -> None:
    with pytest.raises(NotAllowedError):
        ask(WEB, Role.VIEWER)
    with pytest.raises(InvalidConfigError, match="only an admin"):
        ask({"command": "true"}, Role.OPERATOR)
    assert ask({"command": "true"}).state == "queued"
    settings.STDIO = "off"
    with pytest.raises(InvalidConfigError, match="disabled here"):
        ask({"command": "true"})
    with pytest.raises(InvalidConfigError, match="needs a value for TOKEN"):
        ask({**WEB, "headers": {"X-Key": "${TOKEN}"}})
    assert ask({**WEB, "headers": {"X-Key": "${TOKEN}"}}, values={"TOKEN": SECRET}).pk


def test_no_worker_and_too_many_are_said_at_once(db: None) -> None:
    with pytest.raises(NotPossibleError, match="No worker is running"):
        ask(WEB)
    make_worker()
    for _ in range(operations.OPEN_AT_ONCE):
        ask(WEB)
    with pytest.raises(NotPossibleError, match="in progress"):
        ask(WEB)
    assert ask(WEB, by="bob").pk


def test_one_worker_takes_it_and_only_while_somebody_waits(worker: None) -> None:
    trial, now = ask(WEB), timezone.now()
    assert [one.pk for one in inbox.take("a", now, 8)] == [trial.pk]
    assert inbox.take("b", now, 8) == []
    inbox.finish(trial.pk, "b", {"ok": True})
    assert Trial.objects.get().state == "taken"
    ask(WEB)
    assert inbox.take("a", now + 2 * inbox.STALE, 8) == []


def test_it_is_forgotten_after_an_hour(worker: None) -> None:
    ask(WEB)
    now = timezone.now()
    assert operations.forget(now + timedelta(minutes=59)) == 0
    assert operations.forget(now + timedelta(minutes=61)) == 1


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 422), (Role.ADMIN, 200)])
def test_only_an_admin_may_try_a_command(worker: None, role: Role, status: int) -> None:
    answer = signed_in(role).post("/add/try/", PROGRAM, headers=HTMX)
    assert answer.status_code == status
    assert Trial.objects.exists() == (status == 200)


def test_the_form_is_tried_without_a_name_and_its_faults_are_told(worker: None, operator: Client) -> None:
    said = text_of(operator.post("/add/try/", {**FORM, "url": "ftp://n.example/"}, headers=HTMX))
    assert "Not tried" in said and "http" in said
    said = text_of(operator.post("/add/try/", {**FORM, "headers": "no colon"}, headers=HTMX))
    assert "Headers: Line 1 does not have" in said
    assert not Trial.objects.exists()
    page = text_of(operator.post("/add/try/", FORM, headers=HTMX))
    assert f'hx-get="/trials/{Trial.objects.get().pk}/?slot=trial"' in page


def test_without_htmx_the_answer_is_a_page(worker: None, operator: Client) -> None:
    answer = operator.post("/add/try/", FORM)
    assert answer.headers["Location"] == f"/trials/{Trial.objects.get().pk}/"
    assert "Refresh" in text_of(operator.get(answer.headers["Location"]))


def test_nobody_else_sees_it(worker: None, operator: Client, admin: Client, api_admin: Api) -> None:
    operator.post("/add/try/", FORM, headers=HTMX)
    pk = Trial.objects.get().pk
    assert operator.get(f"/trials/{pk}/").status_code == 200
    assert admin.get(f"/trials/{pk}/").status_code == 404
    assert api_admin.get(f"trials/{pk}").status_code == 404


def test_an_edited_service_is_tried_with_its_stored_values(worker: None, admin: Client) -> None:
    admin.post("/add/", {**FORM, "name": "web", "headers": f"X-Key: {SECRET}"})
    admin.post(
        "/services/web/edit/try/", {**form_of(admin, "web"), "url": "https://n.example/other"}, headers=HTMX
    )
    config, _hidden = operations.given_of(Trial.objects.get())
    assert (config.url, config.headers) == ("https://n.example/other", {"X-Key": SECRET})
    assert Service.objects.get().entry["url"] == "https://n.example/mcp"


def test_stored_values_go_to_no_other_origin_for_an_operator(
    worker: None, admin: Client, operator: Client
) -> None:
    admin.post("/add/", {**FORM, "name": "web", "headers": f"X-Key: {SECRET}"})
    moved = {**form_of(operator, "web"), "url": "https://elsewhere.example/mcp"}
    answer = operator.post("/services/web/edit/try/", moved, headers=HTMX)
    assert answer.status_code == 422 and "Needs a value for web.headers.X-Key." in text_of(answer)
    assert not Trial.objects.exists()


def test_a_line_of_a_preview_is_tried_with_what_is_typed_beside_it(worker: None, operator: Client) -> None:
    text = json.dumps({"a": WEB, "b": {"url": "https://b.example/", "headers": {"X-Key": "${KEY}"}}})
    page = text_of(preview(operator, text))
    fields = {**hidden(page), "try": "1", "slot": "trial-1"}
    assert "Needs a value for KEY." in text_of(operator.post("/import/try/", fields, headers=HTMX))
    fields |= {"value:KEY": SECRET, "transport:1": "sse"}
    assert 'id="trial-1"' in text_of(operator.post("/import/try/", fields, headers=HTMX))
    config, _hidden = operations.given_of(Trial.objects.get())
    assert (config.url, config.transport, config.headers) == ("https://b.example/", "sse", {"X-Key": SECRET})


def answered(client: Client, **outcome: Any) -> str:
    client.post("/add/try/", FORM, headers=HTMX)
    (taken,) = inbox.take("w", timezone.now(), 8)
    inbox.finish(taken.pk, "w", {"ok": False, "cause": "", "message": "said", "took_ms": 5, **outcome})
    return text_of(operator_sees(client, taken.pk))


def operator_sees(client: Client, pk: int) -> Any:
    return client.get(f"/trials/{pk}/?slot=trial", headers=HTMX)


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ({"kind": "http", "cause": "wants-sse"}, 'data-fills="transport" data-value="sse">Change to SSE<'),
        ({"kind": "http", "cause": "wants-http"}, 'data-value="streamable-http">Change to streamable HTTP<'),
        (
            {"kind": "http", "cause": "redirected", "elsewhere": "https://b.example/mcp"},
            'data-fills="url" data-value="https://b.example/mcp"',
        ),
        (
            {"kind": "auth", "issuer": "https://id.example"},
            "It needs an OAuth sign-in at https://id.example.",
        ),
        ({"kind": "tls", "cause": "cert-unknown"}, "an unknown authority"),
        ({"kind": "dns"}, "Its host name cannot be resolved."),
    ],
)
def test_what_was_found_is_said_in_the_words_of_the_service_s_page(
    worker: None, operator: Client, outcome: dict[str, Any], says: str
) -> None:
    assert says in answered(operator, **outcome)


def test_a_worker_that_never_answers_is_named(worker: None, operator: Client) -> None:
    operator.post("/add/try/", FORM, headers=HTMX)
    Trial.objects.update(created_at=timezone.now() - timedelta(seconds=25))
    assert "The worker did not answer." in text_of(operator_sees(operator, Trial.objects.get().pk))


def test_who_sees_some_services_tries_what_they_may_add(worker: None) -> None:
    client = scoped_client(Role.OPERATOR)
    assert "outside of your scope" in text_of(client.post("/add/try/", FORM, headers=HTMX))
    assert not Trial.objects.exists()
    assert client.post("/add/try/", {**FORM, "tags": "team-a"}, headers=HTMX).status_code == 200
    make_service("theirs", tags=["team-b"])
    ours = {**FORM, "seen": change.mark(make_service("ours", tags=["team-a"]))}
    assert client.post("/services/theirs/edit/try/", FORM, headers=HTMX).status_code == 404
    outside = client.post("/services/ours/edit/try/", {**ours, "tags": "team-b"}, headers=HTMX)
    assert "scope" in text_of(outside) and Trial.objects.count() == 1
    inside = client.post("/services/ours/edit/try/", {**ours, "tags": "team-a"}, headers=HTMX)
    assert inside.status_code == 200 and Trial.objects.count() == 2


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.start()
    yield bench
    bench.close()


@pytest.mark.django_db(transaction=True)
def test_the_worker_answers_over_rest_within_a_moment(bench: Bench, api_admin: Api) -> None:
    bench.until(lambda: any_at_work(timezone.now()))
    answer = api_admin.post("trials?wait=9", {"document": {"mcpServers": {"x": stdio()}}})
    assert answer.status_code == 202
    outcome = answer.json()["outcome"]
    assert (outcome["ok"], outcome["tools"], outcome["server"]) == (True, 1, "double")
    assert api_admin.get(f"trials/{answer.json()['id']}").json()["outcome"] == outcome
    assert not Service.objects.exists()

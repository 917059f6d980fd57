"""The page of the workers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import Lease
from lifecycle.monitoring.hosts import presenter as host_presenter
from lifecycle.workers import presenter as worker_presenter
from lifecycle.workers import queries as worker_queries
from tests.support.pages import HTMX, make_worker, text_of

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/settings/workers/"


def test_signed_out_is_sent_to_sign_in() -> None:
    assert Client().get(URL).headers["Location"].startswith("/login/?next=")


def test_it_only_reads(viewer: Client) -> None:
    assert viewer.post(URL).status_code == 405


def test_without_a_worker_it_says_how_to_start_one(viewer: Client) -> None:
    assert "python manage.py runlifecycle" in text_of(viewer.get(URL))


def test_each_worker_says_whether_it_lives_and_what_it_holds(viewer: Client) -> None:
    make_worker(2, name="lively", services=7, late_ms=1500)
    make_worker(60, name="mute", services=9)
    make_worker(5, name="left", stopped_at=timezone.now())
    make_worker(86400 * 2, name="forgotten")
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", text_of(viewer.get(URL)), re.DOTALL)
    lively, mute, left = (next(row for row in rows if name in row) for name in ("lively", "mute", "left"))
    assert all(word in lively for word in ("lively", "Running", "here", "1.5 s", "> 7<"))
    assert "Silent" in mute
    assert "Stopped" in left
    assert len(rows) == 3


def test_what_is_shown_already_is_not_sent_again(viewer: Client) -> None:
    make_worker()
    now = timezone.now()
    digest = worker_presenter.shown(now).digest + host_presenter.shown(now).digest
    assert viewer.get(f"{URL}?seen={digest}", headers=HTMX).status_code == 204
    fragment = text_of(viewer.get(f"{URL}?seen=old", headers=HTMX))
    assert fragment.startswith("<section")
    assert "<html" not in fragment


def test_where_several_share_shards_and_what_nobody_holds_is_said(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_queries, "is_shared", lambda: True)
    monkeypatch.setattr(worker_queries, "unheld", lambda: 33)
    make_worker(1, name="one")
    Lease.objects.bulk_create(Lease(shard=shard, worker="one" if shard % 2 else "") for shard in range(64))
    Lease.objects.create(shard=64, worker="one")
    page = text_of(viewer.get(URL))
    assert "32 of 64" in page
    assert "delivers alerts" in page
    assert "33 of 65 leases have no worker" in page
    [one] = worker_queries.worker_statuses(timezone.now() + timedelta(seconds=1))
    assert (one.shards, one.house) == (32, True)

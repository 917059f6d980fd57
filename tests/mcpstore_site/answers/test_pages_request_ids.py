"""Each request has a name: in its answer, in the log, on the page of an error."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

import pytest
import structlog
from django.test import Client, RequestFactory

from mcpstore_site.answers import request_ids, unavailable
from registry.installation import trouble
from tests.support.pages import make_service, text_of

GIVEN = "0192f0c1-5b7e-7cc1-9d2e-c1a6d1f0a001"
MADE = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(autouse=True)
def nothing_bound() -> None:
    structlog.contextvars.clear_contextvars()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/services/", "/no/such/", "/api/v1/services", "/api/v1/none", "/healthz"])
def test_every_answer_has_another_name(viewer: Client, path: str) -> None:
    names = {viewer.get(path).headers["X-Request-ID"] for _ in range(2)}
    assert len(names) == 2 and all(MADE.fullmatch(name) for name in names)


@pytest.mark.django_db
def test_a_trusted_proxy_gives_the_name(viewer: Client, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ("10.1.0.0/16",)
    by_proxy: dict[str, Any] = {"REMOTE_ADDR": "10.1.2.3", "HTTP_X_REQUEST_ID": GIVEN}
    assert viewer.get("/services/", **by_proxy).headers["X-Request-ID"] == GIVEN
    by_stranger = {**by_proxy, "REMOTE_ADDR": "10.2.2.3"}
    assert viewer.get("/services/", **by_stranger).headers["X-Request-ID"] != GIVEN


@pytest.mark.parametrize(
    "bad",
    ["", "short", "x" * 129, "two words here", 'quo"te-here', "line\nbreak-here", "umläut-here", "a,b,c,d,e"],
)
def test_a_name_that_could_mislead_is_replaced(bad: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ("127.0.0.0/8",)
    assert MADE.fullmatch(request_ids.begin("127.0.0.1", bad))


@pytest.mark.parametrize(
    "good", [GIVEN, "01JBZ0000000000000000000AB", "1-67891233-abcdef012345678912345678", "x" * 128]
)
def test_names_of_the_usual_proxies_are_kept(good: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ("127.0.0.0/8",)
    assert request_ids.begin("::ffff:127.0.0.1", good) == good


@pytest.mark.django_db
def test_the_page_of_an_error_shows_it(viewer: Client) -> None:
    make_service()
    for path, status in (("/no/such/", 404), ("/services/weather/edit/", 403), ("/logout/", 405)):
        answer = viewer.get(path)
        assert answer.status_code == status
        assert f"<code>{answer.headers['X-Request-ID']}</code>" in text_of(answer)


@pytest.mark.django_db
def test_a_mistake_of_ours_has_it_on_its_page_and_in_the_log(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound: list[object] = []
    monkeypatch.setattr("lifecycle.workers.queue.views.render", lambda *_a, **_k: 1 / 0)
    monkeypatch.setattr(
        logging.getLogger("django.request"),
        "handle",
        lambda _line: bound.append(structlog.contextvars.get_contextvars().get("request_id")),
    )
    viewer.raise_request_exception = False
    answer = viewer.get("/queue/")
    name = answer.headers["X-Request-ID"]
    assert answer.status_code == 500 and f"<code>{name}</code>" in text_of(answer)
    assert bound == [name]


def test_trouble_without_a_request_has_no_name_and_with_one_it_has() -> None:
    found = trouble.crowded(5)
    assert "<code>" not in text_of(unavailable.answer(found, "/services/"))
    name = request_ids.begin("", "")
    assert f"<code>{name}</code>" in text_of(unavailable.answer(found, "/services/"))


async def test_beside_each_other_requests_keep_their_own_names() -> None:
    async def view(_request: Any) -> Any:
        await asyncio.sleep(0)
        from django.http import HttpResponse

        return HttpResponse(request_ids.current())

    ask: Any = request_ids.named(view)
    answers = await asyncio.gather(*(ask(RequestFactory().get("/")) for _ in range(5)))
    said = [answer.content.decode() for answer in answers]
    assert said == [answer.headers["X-Request-ID"] for answer in answers] and len(set(said)) == 5

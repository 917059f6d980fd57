"""Every page and REST path answers without a mistake of ours; `make test` runs this on PostgreSQL too."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from lifecycle.alerts.rules import defaults
from mcpstore_site.api import api
from tests.support.pages import make_change, make_checks, make_service, make_tool, make_worker, signed_in

KINDS = {"kind": "webhook", "profile": "normal", "action": "check", "tool": "forecast"}
# Signing out ends the walk; whether the console is ready depends on workers that are not here.
LEFT_OUT = ("logout", "readyz")
ORDER = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def values(names: dict[str, object]) -> dict[str, object]:
    """Something for each part of an address: a service that is there, the first row of a table."""
    return {
        name: 1 if "Int" in type(kind).__name__ else KINDS.get(name, "weather")
        for name, kind in names.items()
    }


def pages(resolver: URLResolver) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace is None:
            yield from pages(pattern)
        elif isinstance(pattern, URLPattern) and pattern.name and pattern.name not in LEFT_OUT:
            yield reverse(pattern.name, kwargs=values(pattern.pattern.converters))


def paths() -> Iterator[tuple[str, str]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        address = path
        for part in [part for part in path.split("/") if part.startswith("{")]:
            name = part.strip("{}")
            address = address.replace(
                part, str(1 if name.endswith("id") or name == "number" else KINDS.get(name, "weather"))
            )
        # A call waits for a worker; tests of its own have one.
        yield from ((method.upper(), address) for method in methods if not path.endswith("/call"))


ADDRESSES = [("GET", page) for page in pages(get_resolver())] + sorted(
    paths(), key=lambda one: ORDER.index(one[0])
)


@pytest.fixture
def admin_of_a_fleet(db: None) -> Client:
    from lifecycle.core.machine.states import State
    from registry.models import Role

    service = make_service()
    make_checks(service, [0, 1, 2])
    make_change(service, State.HEALTHY)
    make_tool(service)
    make_worker()
    defaults.ensure(timezone.now())
    return signed_in(Role.ADMIN)


def test_every_address_answers(admin_of_a_fleet: Client) -> None:
    admin_of_a_fleet.raise_request_exception = False
    answered: dict[int, int] = {}
    for method, address in ADDRESSES:
        for query in ("", "?after=1&page=1&limit=2") if method == "GET" else ("",):
            body = "" if method == "GET" else json.dumps({})
            answer = admin_of_a_fleet.generic(method, address + query, body, content_type="application/json")
            assert answer.status_code < 500, f"{method} {address}{query}: {answer.content[:2000]!r}"
            if answer.streaming:
                answer.getvalue()  # else its place among those that are made at once stays taken
            answered[answer.status_code] = answered.get(answer.status_code, 0) + 1
    assert len(ADDRESSES) > 100
    assert answered[200] > 60, answered

"""Policies as rows: changed by people, taken up by a running worker."""

from __future__ import annotations

import pytest
from django.utils import timezone

from lifecycle.core.policy.policy import PROFILES
from lifecycle.engine.worker.desired_state import Wanted
from lifecycle.engine.worker.policies import Policies
from lifecycle.models import PolicyProfile, ServicePolicy
from lifecycle.policies import operations as policy_operations
from registry.errors import InvalidConfigError, NotAllowedError
from registry.models import AuditEntry, Role, Service
from registry.services import change as service_change
from registry.services import register
from tests.support.snapshots import s

pytestmark = pytest.mark.django_db


def _service(name: str = "weather", **more: str) -> Service:
    entry = {"url": "http://127.0.0.1:9/mcp", **more}
    register.register({"mcpServers": {name: entry}}, by="ann", role=Role.ADMIN, now=timezone.now())
    return Service.objects.get(name=name)


def _profile(name: str, role: Role = Role.ADMIN, **changes: float | None) -> None:
    policy_operations.change_profile(name, changes, by="ann", role=role, now=timezone.now())


def _own(name: str, **changes: float | None) -> bool:
    return policy_operations.change_service(name, changes, by="ann", role=Role.OPERATOR, now=timezone.now())


def test_a_changed_profile_counts_for_its_services_but_for_what_they_have_of_their_own() -> None:
    service = _service()
    _profile("normal", ping_timeout=7, max_delay=900)
    _own("weather", ping_timeout=2)
    policy = policy_operations.effective(service)
    assert (policy.ping_timeout, policy.max_delay) == (s(2), s(900))
    sources = {
        line.setting.name: (line.source, line.inherited) for line in policy_operations.service_lines(service)
    }
    assert sources["ping_timeout"] == ("service", 7)
    assert sources["max_delay"] == ("profile", 900)
    assert sources["base_delay"] == ("default", 60)


def test_only_what_differs_is_kept_and_null_takes_it_back() -> None:
    _service()
    _profile("normal", ping_timeout=10, max_delay=900)
    assert PolicyProfile.objects.get().changes == {"max_delay": 900}
    _profile("normal", max_delay=None)
    assert PolicyProfile.objects.get().changes == {}
    assert _own("weather", max_delay=900)
    assert not _own("weather", max_delay=900)
    assert _own("weather", max_delay=None)
    assert not ServicePolicy.objects.exists()


def test_a_reset_brings_the_shipped_numbers_back() -> None:
    _profile("critical", ping_timeout=4)
    policy_operations.reset_profile("critical", by="ann", role=Role.ADMIN, now=timezone.now())
    assert policy_operations.profile("critical") == PROFILES["critical"]


def test_each_change_is_audited_with_before_and_after() -> None:
    _profile("normal", ping_timeout=7)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.target) == ("policy changed", "profile normal")
    assert entry.detail == "ping_timeout - → 7.0"


def test_a_refused_change_changes_nothing() -> None:
    before = policy_operations.revision()
    with pytest.raises(InvalidConfigError):
        _profile("normal", ping_timeout=7, base_delay=700)
    with pytest.raises(NotAllowedError):
        _profile("normal", Role.OPERATOR, ping_timeout=7)
    assert (policy_operations.revision(), PolicyProfile.objects.count()) == (before, 0)


def test_a_change_of_a_service_takes_its_policy_along_or_does_nothing() -> None:
    service = _service()
    now = timezone.now()
    changes = {"tags": ["a"], "policy": {"ping_timeout": 2}}
    assert service_change.change("weather", changes, by="ann", role=Role.ADMIN, now=now) == "updated"
    assert policy_operations.own(service) == {"ping_timeout": 2}
    wrong = {"tags": ["b"], "policy": {"ping_timeout": -2}}
    with pytest.raises(InvalidConfigError):
        service_change.change("weather", wrong, by="ann", role=Role.ADMIN, now=now)
    service.refresh_from_db()
    assert service.tags == ["a"]


def test_the_worker_reads_them_again_only_after_a_change(django_assert_num_queries: object) -> None:
    service = _service()
    wanted = Wanted(
        id=service.pk, name="weather", transport="sse", profile="normal", priority="low",
        desired="running", revision=1, timeout=None,
    )  # fmt: skip
    held = Policies()
    rows = held.look()
    assert rows is not None
    held.take(rows)
    assert held.look() is None
    assert held.of(wanted).priority_factor == 1.5
    assert held.of(wanted) is held.of(wanted)
    _own("weather", ping_timeout=2)
    changed = held.look()
    assert changed is not None
    held.take(changed)
    assert held.of(wanted).ping_timeout == s(2)

"""What changes people and their rights, for `tests.support.changes`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PAGES: dict[str, Callable[[Any], Any]] = {
    "people_invite": lambda w: w.page.post("/settings/people/invite/", {"name": "cleo", "role": "viewer"}),
    "people_scope": lambda w: w.about_bob("scope/", tags="team-a"),
    "people_role": lambda w: w.about_bob("role/", role="operator"),
    "people_link": lambda w: w.about_bob("link/"),
    "people_sessions": lambda w: w.about_bob("sessions/"),
    "people_deactivate": lambda w: w.about_bob("deactivate/"),
    "people_activate": lambda w: (w.about_bob("deactivate/"), w.about_bob("activate/"))[1],
    "people_remove": lambda w: w.about_bob("remove/"),
}

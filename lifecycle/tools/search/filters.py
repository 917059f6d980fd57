"""What the list of tools is narrowed to, as it stands in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lifecycle.core.machine.states import State
from lifecycle.pages.paging import page_number

LONGEST: Final = 200
KINDS: Final[dict[str, str | Promise]] = {
    "tool": _("Tools"),
    "resource": _("Resources"),
    "template": _("Resource templates"),
    "prompt": _("Prompts"),
}
HINTS: Final[dict[str, str | Promise]] = {
    "read-only": _("Read-only"),
    "destructive": _("Destructive"),
    "unmarked": _("Not declared"),
}
NEWS: Final[dict[str, str | Promise]] = {
    "changed": _("Changed in the last 7 days"),
    "waiting": _("Awaiting approval"),
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Anything that is not known falls back to "all"; hints and news are of tools alone."""

    q: str = ""
    kind: str = "tool"
    service: str = ""
    hint: str = ""
    news: str = ""
    state: str = ""
    agent: str = ""
    order: str = ""
    page: int = 1

    @property
    def url(self) -> str:
        """The address of the list so narrowed, without what is usual."""
        usual = Filters()
        kept = {key: value for key, value in vars(self).items() if value != getattr(usual, key)}
        return reverse("tool_list") + (f"?{urlencode(kept)}" if kept else "")

    @property
    def narrowed(self) -> bool:
        """Whether anything but the kind and the page is chosen."""
        return any((self.q, self.service, self.hint, self.news, self.state, self.agent))

    def on_page(self, number: int) -> str:
        """The address of another page of the same list."""
        return replace(self, page=number).url


def parse(given: Mapping[str, str]) -> Filters:
    """Read the query of a URL, whoever wrote it."""
    texts = {key: given.get(key, "").replace("\0", "").strip()[:LONGEST] for key in ("q", "service", "agent")}
    kind = given.get("kind", "")
    of_tools = kind not in KINDS or kind == "tool"
    return Filters(
        **texts,
        kind="tool" if of_tools else kind,
        hint=given.get("hint", "") if of_tools and given.get("hint") in HINTS else "",
        news=given.get("news", "") if of_tools and given.get("news") in NEWS else "",
        state=given.get("state", "") if given.get("state") in State.__members__ else "",
        order="tokens" if of_tools and given.get("order") == "tokens" else "",
        page=page_number(given.get("page", "")),
    )

"""How the pages look to one browser: theme, density, shortcuts, navigation, language and time zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from registry.installation import cookies, zones

CHOICES: Final[dict[str, dict[str, str | Promise]]] = {
    "theme": {"auto": _("System"), "light": _("Light"), "dark": _("Dark")},
    "density": {"normal": _("Comfortable"), "dense": _("Compact")},
    "keys": {"on": _("On"), "off": _("Off")},
    # A language is named in itself, for whoever reads no other.
    settings.LANGUAGE_COOKIE_NAME: {"auto": _("As the browser"), **dict(settings.LANGUAGES)},
    "side": {"wide": _("Wide"), "narrow": _("Icons only")},
}
NAMES: Final = (*CHOICES, zones.COOKIE)
WORDS: Final[dict[str, str | Promise]] = {
    "theme": _("Theme"),
    "density": _("Density"),
    "keys": _("Keyboard shortcuts"),
    "language": _("Language"),
}


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice, as a button."""

    value: str
    text: str | Promise
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Look:
    """The chosen value of each name in `CHOICES`; the first where nothing, or nonsense, was chosen."""

    theme: str
    density: str
    keys: str
    side: str
    language: str
    zone: str

    @property
    def menu(self) -> list[tuple[str, str | Promise, list[Option]]]:
        """For the user menu: name, word, and the choices of what is chosen there."""
        return [(name, WORDS[name], self._options(name)) for name in WORDS]

    def _options(self, name: str) -> list[Option]:
        chosen = getattr(self, name)
        return [
            Option(value=value, text=text, chosen=value == chosen) for value, text in CHOICES[name].items()
        ]

    @property
    def console_zone(self) -> str:
        """That of who chose none."""
        return str(settings.SHOWN_TIME_ZONE)

    @property
    def zones(self) -> list[str]:
        """All that can be chosen."""
        return zones.names()

    @property
    def next_side(self) -> str:
        """What the button in the navigation changes its width to."""
        return "wide" if self.side == "narrow" else "narrow"


def look_of(request: HttpRequest) -> Look:
    """What this browser chose."""
    return Look(**{name: _known(name, request.COOKIES.get(name, "")) for name in NAMES})


def keep(response: HttpResponse, name: str, value: str, *, secure: bool) -> None:
    """Remember one of `NAMES`."""
    cookies.remember(response, name, _known(name, value), secure=secure)


def _known(name: str, value: str) -> str:
    if name == zones.COOKIE:
        return value if zones.known(value) else ""
    return value if value in CHOICES[name] else next(iter(CHOICES[name]))

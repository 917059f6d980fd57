"""The options of monitoring in words: the headings of their groups."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

TITLES = {
    "checks": lazy("Checks"),
    "recording": lazy("Recording"),
    "retention": lazy("Retention"),
    "thresholds": lazy("Thresholds"),
    "alerts": lazy("Alerts"),
    "output": lazy("Logs and export"),
}
NOTES = {
    "checks": lazy("Of the profile normal, which services use unless another one is set."),
}

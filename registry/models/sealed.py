"""A column of values that are kept encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField


class SealedField(_Text):
    """Text from `secrets.vault.seal`, or empty. `manage.py rotatekeys` finds every column of this kind."""

    def deconstruct(self) -> Any:
        """To the database it is a text like any other, so no migration tells them apart."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

"""Sealed values within the JSON that allauth keeps of second factors: secrets of apps, seeds of codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from allauth.mfa.models import Authenticator
from django.db import transaction

KEYS = ("secret", "seed")


def sealed() -> Iterator[tuple[int, str]]:
    """The key of each row with a sealed value, and the value."""
    for pk, data in Authenticator.objects.order_by("pk").values_list("pk", "data").iterator():
        yield from ((pk, str(data[key])) for key in KEYS if key in data)


def reseal(anew: Callable[[str], str | None]) -> int:
    """Put what *anew* makes of each value in its place, None: it stays; how many were put."""
    return sum(_reseal(pk, anew) for pk, value in list(sealed()) if anew(value))


def _reseal(pk: int, anew: Callable[[str], str | None]) -> int:
    """A code may be used at this moment, which is noted in the same JSON."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().filter(pk=pk).first()
        fresh = {key: anew(str(row.data[key])) for key in KEYS if key in row.data} if row else {}
        if row is None or not any(fresh.values()):
            return 0
        row.data |= {key: value for key, value in fresh.items() if value}
        row.save(update_fields=["data"])
    return 1


def drop_foreign(opens: Callable[[str], bool]) -> int:
    """Delete the factors whose values nothing opens any more; how many."""
    foreign = [pk for pk, value in sealed() if not opens(value)]
    return int(Authenticator.objects.filter(pk__in=foreign).delete()[0])

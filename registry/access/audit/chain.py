"""Tie the rows together: each carries a digest of the one before it, so that none can be taken out unseen.

A row has its own seal from the moment it is written. Its place in the chain it gets a few seconds later, from
the worker: acts that are committed beside each other would otherwise wait for each other.
"""

from __future__ import annotations

import logging

from django.db import transaction

from registry.access.audit import content
from registry.models import AuditEntry, AuditHead

logger = logging.getLogger(__name__)
AT_ONCE = 500


def head() -> AuditHead:
    """The end of the chain, locked until the transaction ends."""
    AuditHead.objects.get_or_create(pk=1)
    return AuditHead.objects.select_for_update().get(pk=1)


def seal_of(row: AuditHead) -> str:
    """What the head must carry: where the chain begins and ends."""
    said = (row.first_position, row.first_link, row.last_position, row.last_link, row.unsealed_to)
    return content.digest(*map(str, said))


def trusted(row: AuditHead) -> bool:
    """Whether the head is as it was kept; after a change of the key, whether all is of the old one."""
    if not row.last_position:
        return not row.seal
    return row.seal == seal_of(row) or (content.foreign(row.seal) and content.foreign(row.last_link))


def keep(row: AuditHead) -> None:
    """Write the head with its seal."""
    row.seal = seal_of(row)
    row.save()


def tie(limit: int = AT_ONCE) -> int:
    """Give rows that have none their places in the chain; how many there were."""
    if not AuditEntry.objects.filter(position=None).exists():
        return 0
    with transaction.atomic():
        end = head()
        if not trusted(end):
            logger.error("the end of the audit log was altered; `audit verify` says more")
            return 0
        rows = list(AuditEntry.objects.filter(position=None).order_by("id")[:limit])
        for row in rows:
            # From before there were seals: believed as it is found.
            row.seal = row.seal or (content.seal(row) if row.pk <= end.unsealed_to else "")
            row.position = end.last_position + 1
            row.link = content.link(end.last_link, row)
            end.last_position, end.last_link = row.position, row.link
        AuditEntry.objects.bulk_update(rows, ["position", "link", "seal"], batch_size=100)
        keep(end)
    return len(rows)


def tie_all() -> int:
    """Until no row is left without a place."""
    total = 0
    while done := tie():
        total += done
    return total

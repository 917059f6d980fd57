"""All of monitoring as one JSON document, made service by service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet

from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.export import queries
from registry.models import Service


class _Encoder(DjangoJSONEncoder):
    """Times to the microsecond, since figures are compared."""

    def default(self, o: Any) -> Any:
        return o.isoformat().replace("+00:00", "Z") if isinstance(o, datetime) else super().default(o)


def text(window: Window, now: datetime, which: QuerySet[Service], *, whole: bool = True) -> Iterator[str]:
    """The document in parts: one line for each service of *which*.

    *whole*: with the alerts that concern no service alone. The text is complete where its last line is `}`.
    """
    head = {"exported_at": now, "from": window.start, "to": window.end}
    yield f'{_dumps(head)[:-1]}, "services": [\n'
    before = ""
    for service in queries.services(which):
        yield f"{before}{_dumps(queries.of(service, window, now))}"
        before = ",\n"
    of_all = list(queries.alerts(Q(service=None), window)) if whole else []
    yield f'\n], "alerts": {_dumps(of_all)}\n}}\n'


def _dumps(value: Any) -> str:
    return json.dumps(value, cls=_Encoder, ensure_ascii=False)
